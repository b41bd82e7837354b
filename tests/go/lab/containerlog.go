package main

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"sync"
	"time"
)

// newContainerCommand is a container's first process, which reads its description from its standard input.
func newContainerCommand(description []byte) *exec.Cmd {
	command := exec.Command("/proc/self/exe", "container")
	command.Stdin = bytes.NewReader(description)
	return command
}

// containerLog writes the format that the kubelet reads: time, stream, F for a full line, the line.
type containerLog struct {
	path    string
	mutex   sync.Mutex
	streams []*logStream
}

type logStream struct {
	log  *containerLog
	name string
	rest []byte
}

func (l *containerLog) stream(name string) io.Writer {
	stream := &logStream{log: l, name: name}
	l.streams = append(l.streams, stream)
	return stream
}

func (s *logStream) Write(data []byte) (int, error) {
	s.log.mutex.Lock()
	defer s.log.mutex.Unlock()
	s.rest = append(s.rest, data...)
	for {
		end := bytes.IndexByte(s.rest, '\n')
		if end < 0 {
			return len(data), nil
		}
		s.log.line(s.name, s.rest[:end])
		s.rest = s.rest[end+1:]
	}
}

// flush writes what came without a line's end.
func (l *containerLog) flush() {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for _, stream := range l.streams {
		if len(stream.rest) > 0 {
			l.line(stream.name, stream.rest)
			stream.rest = nil
		}
	}
}

// line opens the file for each line, since the kubelet moves it away when it is long.
func (l *containerLog) line(stream string, text []byte) {
	file, err := os.OpenFile(l.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o640)
	if err != nil {
		log.Print(err)
		return
	}
	defer file.Close()
	if _, err := fmt.Fprintf(file, "%s %s F %s\n", time.Now().Format(time.RFC3339Nano), stream, text); err != nil {
		log.Print(err)
	}
}
