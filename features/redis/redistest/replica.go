package redistest

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
)

// Follow makes s a replica of another server and waits until it holds the same.
func (s *Server) Follow(master *Server) {
	s.tb.Helper()
	host, port, _ := net.SplitHostPort(master.Addr)
	s.Must("REPLICAOF", host, port)
	await(s.tb, s.Addr+" has caught up with "+master.Addr, func() error { return s.follows(master) })
}

// follows says what keeps s from taking the place of master without a loss.
func (s *Server) follows(master *Server) error {
	theirs, err := master.Do("INFO", "replication")
	if err != nil {
		return err
	}
	own, err := s.Do("INFO", "replication")
	if err != nil {
		return err
	}
	_, port, _ := net.SplitHostPort(master.Addr)
	if field(own, "master_port") != port || field(own, "master_link_status") != "up" {
		return fmt.Errorf("it follows port %s, link %s", field(own, "master_port"), field(own, "master_link_status"))
	}
	want, err := strconv.ParseInt(field(theirs, "master_repl_offset"), 10, 64)
	if err != nil {
		return err
	}
	have, err := strconv.ParseInt(field(own, "slave_repl_offset"), 10, 64)
	if err != nil {
		return err
	}
	if have < want {
		return fmt.Errorf("it is at %d, the master was at %d", have, want)
	}
	return nil
}

// isMaster says what keeps s from being a master.
func (s *Server) isMaster() error {
	if !s.Running() {
		return errors.New("it was killed")
	}
	role, err := s.Do("ROLE")
	if err == nil && !strings.HasPrefix(role, "master") {
		err = errors.New("it is a replica")
	}
	return err
}
