package main

import (
	"context"

	"github.com/redis/rueidis"

	"github.com/rankgate/rankgate/bench/redis"
)

// server is a redis-server of our own, with a connection to it.
type server struct {
	*redis.Server
	admin rueidis.Client // for whatever is not measured
}

// serverInstall is the command that installs redis-cli, too.
const serverInstall = redis.Install

func startServer(ctx context.Context) (*server, error) {
	s, err := redis.Start(ctx)
	if err != nil {
		return nil, err
	}
	admin, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{s.Address}, DisableCache: true, ForceSingleClient: true})
	if err != nil {
		s.Close()
		return nil, err
	}
	return &server{s, admin}, nil
}

func (s *server) close() {
	s.admin.Close()
	s.Server.Close()
}

// do sends a command of which only the success counts.
func (s *server) do(ctx context.Context, words ...string) error {
	return s.admin.Do(ctx, s.admin.B().Arbitrary(words...).Build()).Error()
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
