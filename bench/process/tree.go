package process

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
)

// Tree lists a process and those that descend from it, as /proc shows them now; only
// the process itself where there is no /proc.
func Tree(pid int) []int {
	children := map[int][]int{}
	files, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is a right one
	for _, file := range files {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended since
		}
		child, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if parent, ok := parentIn(stat); ok && err == nil {
			children[parent] = append(children[parent], child)
		}
	}
	tree := []int{pid}
	for i := 0; i < len(tree); i++ {
		tree = append(tree, children[tree[i]]...)
	}
	return tree
}

// parentIn reads the parent from a process's stat: number (name) state parent …, where
// the name may hold anything.
func parentIn(stat []byte) (int, bool) {
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 2 {
		return 0, false
	}
	parent, err := strconv.Atoi(string(fields[1]))
	return parent, err == nil
}
