package main

import "errors"

func runOperator([]string) error { return errors.New("x") }
