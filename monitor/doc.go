// Package monitor tells those who run the gateway what it does. It stands
// beside a request's journey: the router calls Metrics.Observe once, when the
// answer is known, and that only adds to counters; everything else is read from
// the stages' plain Stats when /metrics is scraped. Nothing below imports it.
//
// Labels come from fixed sets: models, versions, variants, stages, views,
// reasons. The id of a user or an item is never one.
package monitor
