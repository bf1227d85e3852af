package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"
)

// server is a redis-server of our own on a free port of the loopback. It is empty
// at first, and gone after close.
type server struct {
	addr    string
	admin   rueidis.Client // for whatever is not measured
	dir     string
	command *exec.Cmd
	log     bytes.Buffer
}

const (
	serverProgram = "redis-server"
	serverInstall = "sudo apt-get install redis-server" // redis-cli is in redis-tools, which comes with it
	startPatience = 20 * time.Second
)

func startServer(ctx context.Context) (*server, error) {
	binary, err := exec.LookPath(serverProgram)
	if err != nil {
		return nil, fmt.Errorf("%s is not here: run %q", serverProgram, serverInstall)
	}
	s := &server{}
	if s.dir, err = os.MkdirTemp("", "rankgate-bench-"); err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	s.addr = net.JoinHostPort("127.0.0.1", port)
	s.command = exec.CommandContext(ctx, binary, //nolint:gosec // the user's own redis-server
		"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", s.dir)
	s.command.Stdout, s.command.Stderr = &s.log, &s.log
	if err := s.command.Start(); err != nil {
		return nil, err
	}
	if s.admin, err = s.connect(ctx); err != nil {
		s.close()
		return nil, fmt.Errorf("%s on %s did not start: %w: %s", serverProgram, s.addr, err, &s.log)
	}
	return s, nil
}

// connect tries until the server answers.
func (s *server) connect(ctx context.Context) (client rueidis.Client, err error) {
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for end := time.Now().Add(startPatience); time.Now().Before(end); {
		client, err = rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{s.addr}, DisableCache: true, ForceSingleClient: true})
		if err == nil {
			return client, nil
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return nil, err
}

func (s *server) close() {
	if s.admin != nil {
		s.admin.Close()
	}
	_ = s.command.Process.Kill() // it may have ended with the context
	_ = s.command.Wait()         // it was killed, and says so
	_ = os.RemoveAll(s.dir)
}

// do sends a command of which only the success counts.
func (s *server) do(ctx context.Context, words ...string) error {
	return s.admin.Do(ctx, s.admin.B().Arbitrary(words...).Build()).Error()
}

// info returns the fields of a section of INFO.
func (s *server) info(ctx context.Context, section string) (map[string]string, error) {
	text, err := s.admin.Do(ctx, s.admin.B().Info().Section(section).Build()).ToString()
	if err != nil {
		return nil, err
	}
	fields := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			fields[name] = value
		}
	}
	return fields, nil
}

// cpu is the processor time that the server has used.
func (s *server) cpu(ctx context.Context) (time.Duration, error) {
	fields, err := s.info(ctx, "cpu")
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseFloat(fields["used_cpu_sys"], 64)
	if err != nil {
		return 0, err
	}
	user, err := strconv.ParseFloat(fields["used_cpu_user"], 64)
	return time.Duration((system + user) * float64(time.Second)), err
}

// bytesPerKey is the mean of MEMORY USAGE: the key, its value, and its place in
// the server's table.
func (s *server) bytesPerKey(ctx context.Context, keys []string) (float64, error) {
	sum := int64(0)
	for _, key := range keys {
		n, err := s.admin.Do(ctx, s.admin.B().MemoryUsage().Key(key).Samples(0).Build()).AsInt64()
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return float64(sum) / float64(len(keys)), nil
}

// freePort returns a port of the loopback on which nothing listens now.
func freePort() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	return port, err
}
