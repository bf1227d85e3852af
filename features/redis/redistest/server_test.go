package redistest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis/rueidis"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open returns a client that ends with the test.
func open(t *testing.T, option rueidis.ClientOption) rueidis.Client {
	t.Helper()
	option.DisableCache = option.OnInvalidations == nil
	client, err := rueidis.NewClient(option)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func alone(addr string) rueidis.ClientOption {
	return rueidis.ClientOption{InitAddress: []string{addr}, ForceSingleClient: true, PipelineMultiplex: -1}
}

// say sends one command and returns its reply or what went wrong.
func say(client rueidis.Client, words ...string) string {
	text, err := client.Do(context.Background(), client.B().Arbitrary(words[0]).Keys(words[1]).Args(words[2:]...).Build()).ToString()
	if err != nil {
		return err.Error()
	}
	return text
}

// says is an error unless the server replies as it should.
func says(client rueidis.Client, want string, words ...string) error {
	if got := say(client, words...); got != want {
		return fmt.Errorf("%s: %q, want %q", strings.Join(words, " "), got, want)
	}
	return nil
}

func TestAServerAnswersUntilItIsKilledAndAgainAfterARestart(t *testing.T) {
	s := Start(t)
	client := open(t, alone(s.Addr))
	if got := say(client, "SET", "a", "1"); got != "OK" {
		t.Fatal(got)
	}
	s.Kill()
	if got, err := s.Do("PING"); err == nil {
		t.Errorf("a killed server says %q", got)
	}
	s.Restart()
	await(t, "the client is connected again", func() error { return says(client, "OK", "SET", "a", "2") })
}

func TestAUserHasTheRightsThatItsRulesLeave(t *testing.T) {
	s := Start(t, User("managed", "s3cret", "-client|tracking")...)
	option := alone(s.Addr)
	option.Username, option.Password = "managed", "s3cret"
	if got := say(open(t, option), "SET", "a", "1"); got != "OK" {
		t.Error(got)
	}
	option.OnInvalidations = func([]rueidis.RedisMessage) {}
	if client, err := rueidis.NewClient(option); !errors.Is(err, rueidis.ErrNoCache) {
		t.Errorf("tracking for a user who may not: %v", err)
		client.Close()
	}
}

func TestThePasswordThatIsRequiredIsAsked(t *testing.T) {
	s := Start(t, "--requirepass", "s3cret")
	option := alone(s.Addr)
	option.Password = "s3cret"
	if got := say(open(t, option), "SET", "a", "1"); got != "OK" {
		t.Error(got)
	}
	option.Password, option.DisableCache = "", true
	if client, err := rueidis.NewClient(option); err == nil || !strings.HasPrefix(err.Error(), "NOAUTH") {
		t.Errorf("without the password: %v", err)
		client.Close()
	}
}

func TestTheEnvironmentNamesTheBinary(t *testing.T) {
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		t.Fatalf("run %q", Install)
	}
	other := filepath.Join(t.TempDir(), "another-server")
	if err := os.Symlink(binary, other); err != nil {
		t.Fatal(err)
	}
	t.Setenv(BinaryEnv, other)
	s := Start(t)
	if got := field(s.Must("INFO", "server"), "executable"); got != other {
		t.Errorf("the server runs %s, not %s", got, other)
	}
}
