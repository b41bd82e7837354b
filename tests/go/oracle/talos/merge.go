package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

type object = map[string]any

// documents reads every document of a YAML stream.
func documents(text string) ([]object, error) {
	decoder := yaml.NewDecoder(strings.NewReader(text))
	var found []object
	for {
		var document object
		switch err := decoder.Decode(&document); {
		case errors.Is(err, io.EOF):
			return found, nil
		case err != nil:
			return nil, err
		}
		if document != nil {
			found = append(found, document)
		}
	}
}

func stream(documents []object) (string, error) {
	var text bytes.Buffer
	for at, document := range documents {
		if at > 0 {
			text.WriteString("---\n")
		}
		encoder := yaml.NewEncoder(&text)
		encoder.SetIndent(4)
		if err := encoder.Encode(document); err != nil {
			return "", err
		}
	}
	return text.String(), nil
}

// identity is what tells documents of one configuration apart; the machine's own has none of it.
func identity(document object) string {
	return fmt.Sprintf("%v/%v/%v", document["apiVersion"], document["kind"], document["name"])
}

// pairs are certificate and key in one, which Talos replaces as a whole.
var pairs = map[string]bool{"/machine/ca": true, "/cluster/ca": true, "/cluster/aggregatorCA": true, "/cluster/etcd/ca": true}

// merge applies the documents of a patch one after the other.
func merge(base, patch []object) []object {
	for _, change := range patch {
		found := false
		for _, document := range base {
			if identity(document) == identity(change) {
				mergeInto(document, change, "")
				found = true
			}
		}
		if !found {
			base = append(base, change)
		}
	}
	return base
}

func mergeInto(base, change object, path string) {
	for key, value := range change {
		here := path + "/" + key
		switch value := value.(type) {
		case nil:
		case object:
			if value["$patch"] == "delete" {
				delete(base, key)
				continue
			}
			if inner, there := base[key].(object); there && !pairs[here] {
				mergeInto(inner, value, here)
				continue
			}
			base[key] = value
		case []any:
			list, _ := base[key].([]any)
			if len(list)+len(value) > 0 {
				base[key] = append(append([]any{}, list...), value...)
			}
		default:
			base[key] = value
		}
	}
}

// mergeLine applies patches, one after the other, to a configuration.
func mergeLine(line []byte) (any, error) {
	var question struct {
		// Base is a configuration; Patches are applied to it in their order; Expected is compared with what comes of it.
		Base     string
		Patches  []string
		Expected string
	}
	if err := json.Unmarshal(line, &question); err != nil {
		return nil, err
	}
	merged, err := documents(question.Base)
	if err != nil {
		return nil, err
	}
	for _, text := range question.Patches {
		patch, err := documents(text)
		if err != nil {
			return nil, err
		}
		merged = merge(merged, patch)
	}
	expected, err := documents(question.Expected)
	if err != nil {
		return nil, err
	}
	text, err := stream(merged)
	if err != nil {
		return nil, err
	}
	return struct {
		Equal      bool   `json:"equal"`
		Merged     string `json:"merged"`
		Difference string `json:"difference"`
	}{reflect.DeepEqual(merged, expected), text, difference(merged, expected, "")}, nil
}

// difference names the first place in which two values differ; never their content, which may be a key.
func difference(a, b any, path string) string {
	switch a := a.(type) {
	case []object:
		b, _ := b.([]object)
		if len(a) != len(b) {
			return fmt.Sprintf("%s: %d and %d documents", path, len(a), len(b))
		}
		for at := range a {
			if found := difference(a[at], b[at], fmt.Sprintf("%s[%d]", path, at)); found != "" {
				return found
			}
		}
	case object:
		b, _ := b.(object)
		for _, key := range slices.Sorted(maps.Keys(b)) {
			if _, there := a[key]; !there {
				return path + "/" + key + " is missing"
			}
		}
		for _, key := range slices.Sorted(maps.Keys(a)) {
			value := a[key]
			other, there := b[key]
			if !there {
				return path + "/" + key + " is too much"
			}
			if found := difference(value, other, path+"/"+key); found != "" {
				return found
			}
		}
	case []any:
		b, _ := b.([]any)
		if len(a) != len(b) {
			return fmt.Sprintf("%s: %d and %d items", path, len(a), len(b))
		}
		for at := range a {
			if found := difference(a[at], b[at], fmt.Sprintf("%s[%d]", path, at)); found != "" {
				return found
			}
		}
	default:
		if !reflect.DeepEqual(a, b) {
			return path + " differs"
		}
	}
	return ""
}
