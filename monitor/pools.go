package monitor

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/rankgate/rankgate/backends/pool"
)

// PoolSource is a pool of model servers.
type PoolSource struct {
	Name  string
	Stats func() pool.Stats
}

var (
	poolCalls     = desc("pool_calls_total", "Passes and messages that servers of the pool were wanted for.", "pool")
	poolExtra     = desc("pool_extra_sends_total", "Second copies of calls: hedges of slow ones, retries of failed ones.", "pool", "kind")
	poolWins      = desc("pool_hedge_wins_total", "Hedges whose answer was used.", "pool")
	poolUnpaid    = desc("pool_extra_sends_unaffordable_total", "Second copies that the budget of extra sends did not allow.", "pool")
	poolLimited   = desc("pool_calls_limited_total", "Calls refused because the pool held as many as it was found to bear.", "pool")
	poolInFlight  = desc("pool_calls_in_flight", "Calls that the pool holds now.", "pool")
	poolLimit     = desc("pool_calls_limit", "Calls that the pool was found to bear.", "pool")
	poolServers   = desc("pool_servers", "Servers by state: unproven, well, unready, ejected or on trial.", "pool", "state")
	serverCalls   = desc("pool_server_calls_total", "Calls sent to each server, copies included.", "pool", "server")
	serverFailed  = desc("pool_server_failures_total", "Calls that count as a failure of the server.", "pool", "server")
	serverHeld    = desc("pool_server_calls_in_flight", "Calls that each server holds now.", "pool", "server")
	serverLatency = desc("pool_server_peak_latency_seconds", "What a call takes: rises at once, falls over ten seconds.", "pool", "server")
)

func collectPool(out chan<- prometheus.Metric, p PoolSource) {
	counter, gauge, s := counterTo(out), gaugeTo(out), p.Stats()
	counter(poolCalls, s.Calls, p.Name)
	counter(poolExtra, s.Hedges, p.Name, "hedge")
	counter(poolExtra, s.Retries, p.Name, "retry")
	counter(poolWins, s.HedgeWins, p.Name)
	counter(poolUnpaid, s.Unaffordable, p.Name)
	counter(poolLimited, s.Limited, p.Name)
	gauge(poolInFlight, s.InFlight, p.Name)
	gauge(poolLimit, s.Limit, p.Name)
	var states [pool.NumStates]int
	for _, server := range s.Servers {
		states[server.State]++
		counter(serverCalls, server.Calls, p.Name, server.Address)
		counter(serverFailed, server.Failures, p.Name, server.Address)
		gauge(serverHeld, server.InFlight, p.Name, server.Address)
		out <- prometheus.MustNewConstMetric(serverLatency, prometheus.GaugeValue, server.Peak.Seconds(), p.Name, server.Address)
	}
	for state, n := range states {
		gauge(poolServers, n, p.Name, pool.State(state).String())
	}
}
