package redistest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// Do sends one command over a connection of its own and returns the reply: of a
// list its elements, one a line, of null nothing. An error reply is an error. It
// speaks RESP2 itself, so that no client is its own judge.
func (s *Server) Do(words ...string) (string, error) {
	reply, err := s.list(words...)
	return strings.Join(reply, "\n"), err
}

// list is Do for elements that may hold anything.
func (s *Server) list(words ...string) ([]string, error) {
	conn, err := s.dial(doTimeout)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(doTimeout)); err != nil {
		return nil, err
	}
	var command strings.Builder
	fmt.Fprintf(&command, "*%d\r\n", len(words))
	for _, word := range words {
		fmt.Fprintf(&command, "$%d\r\n%s\r\n", len(word), word)
	}
	if _, err := io.WriteString(conn, command.String()); err != nil {
		return nil, err
	}
	reply, err := readReply(bufio.NewReader(conn))
	if err != nil {
		return nil, fmt.Errorf("%s: %q: %w", s.Addr, words, err)
	}
	return reply, nil
}

func (s *Server) dial(within time.Duration) (net.Conn, error) {
	dialer := net.Dialer{Timeout: within}
	return dialer.DialContext(context.Background(), "tcp", s.Addr)
}

// doTimeout bounds one command.
const doTimeout = 10 * time.Second

// Must is Do, and fails the test on an error.
func (s *Server) Must(words ...string) string {
	s.tb.Helper()
	reply, err := s.Do(words...)
	if err != nil {
		s.tb.Fatal(err)
	}
	return reply
}

// readReply flattens lists in lists.
func readReply(r *bufio.Reader) ([]string, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return nil, err
	}
	kind, rest := line[0], strings.TrimRight(line[1:], "\r\n")
	switch kind {
	case '+', ':':
		return []string{rest}, nil
	case '-':
		return nil, errors.New(rest)
	}
	n, err := strconv.Atoi(rest)
	if err != nil || n < 0 {
		return nil, err
	}
	if kind == '$' {
		data := make([]byte, n+2)
		_, err := io.ReadFull(r, data)
		return []string{string(data[:n])}, err
	}
	var all []string
	for range n {
		element, err := readReply(r)
		if err != nil {
			return nil, err
		}
		all = append(all, element...)
	}
	return all, nil
}

// field returns the value of "name:value" in what INFO and CLUSTER INFO say.
func field(info, name string) string {
	for line := range strings.Lines(info) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
