package monitor

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/rankgate/rankgate/edge"
	"github.com/rankgate/rankgate/rank"
)

// listenerMetrics is what each public listener counts on its own.
type listenerMetrics struct {
	responses, limited, bodyBytes, gone, panics, turnedAway *prometheus.Desc
}

// listenerDescs describes the metrics of the listener for a protocol.
func listenerDescs(protocol string) listenerMetrics {
	return listenerMetrics{
		responses:  desc(protocol+"_responses_total", "Answers by code: ok, or the error's code.", "code"),
		limited:    desc(protocol+"_requests_rate_limited_total", "Requests above the rate of their key; also counted as overloaded."),
		bodyBytes:  desc(protocol+"_request_body_bytes_total", "Bytes of request bodies, as sent."),
		gone:       desc(protocol+"_callers_gone_total", "Requests whose caller was seen to have left before the answer."),
		panics:     desc(protocol+"_panics_total", "Requests that ended in a panic, which the log explains."),
		turnedAway: desc(protocol+"_connections_turned_away_total", "Connections above limits.connections."),
	}
}

func (m *listenerMetrics) collect(counter counterFunc, s *edge.Stats) {
	counter(m.responses, s.Answered.Load(), "ok")
	for code := range s.Refused {
		counter(m.responses, s.Refused[code].Load(), rank.Code(code).String())
	}
	counter(m.limited, s.Limited.Load())
	counter(m.bodyBytes, s.BodyBytes.Load())
	counter(m.gone, s.Gone.Load())
	counter(m.panics, s.Panics.Load())
	counter(m.turnedAway, s.TurnedAway.Load())
}
