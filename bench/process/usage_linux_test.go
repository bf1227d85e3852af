package process

import (
	"os"
	"slices"
	"testing"
	"time"
)

// cpu fails a test where there is no processor time.
func cpu(t *testing.T, pids ...int) time.Duration {
	t.Helper()
	used, err := CPU(pids...)
	if err != nil {
		t.Fatal(err)
	}
	return used
}

func TestProcessorTimeGrowsWithWork(t *testing.T) {
	c := run(t, "echo; read go; i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo; read forever")
	hear(t, c)
	before, idle := cpu(t, c.PID()), cpu(t, c.PID())
	if _, err := c.In.Write([]byte("\n")); err != nil {
		t.Fatal(err)
	}
	hear(t, c)
	worked := cpu(t, c.PID()) - idle
	if before <= 0 || worked <= idle-before {
		t.Errorf("%v at first, %v more by waiting, %v more by work", before, idle-before, worked)
	}
	if both := cpu(t, c.PID(), os.Getpid()); both <= worked {
		t.Errorf("%v of both processes, %v of one", both, worked)
	}
}

func TestATreeHasAllDescendants(t *testing.T) {
	c := run(t, `sh -c 'sh -c "echo; read forever"; :'; :`)
	hear(t, c)
	tree := Tree(c.PID())
	if len(tree) != 3 || tree[0] != c.PID() {
		t.Fatalf("%v; want %d, its child and its grandchild", tree, c.PID())
	}
	if all := Tree(os.Getpid()); !slices.Contains(all, tree[2]) {
		t.Errorf("%v does not have %d, which descends from it", all, tree[2])
	}
}

func TestAParentIsReadBehindAnyName(t *testing.T) {
	if parent, ok := parentIn([]byte("12 (a) S 5 (b) S 34 12 0")); parent != 34 || !ok {
		t.Errorf("%d, %v; want 34", parent, ok)
	}
	if _, ok := parentIn(nil); ok {
		t.Error("nothing has a parent")
	}
}

func TestMemoryOfSeveralProcessesIsSummedUp(t *testing.T) {
	c := run(t, "echo; read forever")
	hear(t, c)
	its, err := RSS(c.PID())
	if err != nil || its <= 0 {
		t.Fatalf("%d bytes, %v", its, err)
	}
	if twice, err := RSS(c.PID(), c.PID()); twice < 2*its || err != nil {
		t.Errorf("%d bytes twice, %v; %d once", twice, err, its)
	}
}

func TestAProcessThatIsNotThereIsAnError(t *testing.T) {
	c := run(t, "exit")
	<-c.ended
	if used, err := CPU(c.PID()); err == nil {
		t.Errorf("it has used %v", used)
	}
	if held, err := RSS(c.PID()); err == nil {
		t.Errorf("it holds %d bytes", held)
	}
}
