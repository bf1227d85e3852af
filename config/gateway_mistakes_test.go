package config

var gatewayMistakes = []mistake{
	{`listen: {htpp: ":80"}`,
		`1:10: listen.htpp: unknown field; did you mean http?`},
	{`listen: {quic: ":8081"}`,
		`1:10: listen.quic: unknown field; known are admin, grpc, http, repository_control, tls`},
	{`listen: {http: ":80", grpc: "127.0.0.1:80", admin: "127.0.0.1:81"}`,
		`1:29: listen.grpc: 127.0.0.1:80 is taken by listen.http, :80; the two need a port each`},
	{`listem: {http: ":80"}`,
		`1:1: listem: unknown field; did you mean listen?`},
	{`upstreams: {}`,
		`1:1: upstreams: unknown field; known are admin, auth, batch, budget, cache, drain, features, ingest, limits, listen, log, models, onnx, pools, routes, timeouts`},
	{`listen: {http: 8080}`,
		`1:16: listen.http: 8080 is not an address; write ":8080" for all interfaces or "127.0.0.1:8080" for this machine`},
	{`listen: {http: localhost}`,
		`1:16: listen.http: "localhost" is not an address; write host:port, such as ":8080", "127.0.0.1:8080" or "[::1]:8080"`},
	{`listen: {http: "localhost:http"}`,
		`1:16: listen.http: the port of "localhost:http" must be a number from 0 (any that is free) to 65535`},
	{`listen: {http: "localhost:99999"}`,
		`1:16: listen.http: the port of "localhost:99999" must be a number from 0 (any that is free) to 65535`},
	{`listen: {http: "1.2.3:80"}`,
		`1:16: listen.http: the host of "1.2.3:80" is neither an IP address nor a name`},
	{`listen: {http: "a b:80"}`,
		`1:16: listen.http: the host of "a b:80" is neither an IP address nor a name`},
	{`listen: {http: ":8080", admin: "127.0.0.1:8080"}`,
		`1:32: listen.admin: 127.0.0.1:8080 is taken by listen.http, :8080; the two need a port each`},
	{`listen: {http: "127.0.0.1:9901"}`,
		`1:16: listen.http: 127.0.0.1:9901 is taken by listen.admin, 127.0.0.1:9901; the two need a port each`},
	{`listen: [a]`,
		`1:1: listen: must be a mapping, not a list`},
	{`
listen:
  http: {port: 80}
  admin:
`, `
2:3: listen.http: must be an address such as ":8080", not a mapping
3:3: listen.admin: must be an address such as ":8080", not empty`},
	{`budget: {default: 50}`,
		`1:19: budget.default: 50 has no unit; write 50s, 50ms, 50m, 50h or 50d`},
	{`budget: {default: fast}`,
		`1:19: budget.default: "fast" is not a duration; write 50ms, 1.5s, 10m, 24h or 7d`},
	{`budget: {default: 3s, max: 2s}`,
		`1:19: budget.default: 3s is more than budget.max, 2s`},
	{`budget: {max: 0}`,
		`1:15: budget.max: 0s: must be from 1µs to 24h0m0s`},
	{`budget: {max: 2d}`,
		`1:15: budget.max: 48h0m0s: must be from 1µs to 24h0m0s`},
	{`budget: {default: -5ms}`,
		`1:19: budget.default: -5ms: must be from 1µs to 24h0m0s`},
	{`budget: {default: 1.5d}`,
		`1:19: budget.default: "1.5d" is not a duration; write 50ms, 1.5s, 10m, 24h or 7d`},
	{`limits: {candidates: 0}`,
		`1:22: limits.candidates: 0: must be from 1 to 1048576`},
	{`limits: {candidates: 2,000}`,
		`1:24: limits.000: unknown field; known are bodies, body, candidates, connections, features, header, in_flight`},
	{`limits: {candidates: 2k}`,
		`1:22: limits.candidates: must be a whole number, not "2k"`},
	{`limits: {candidates: "200"}`,
		`1:22: limits.candidates: must be a whole number, not the text "200"; remove the quotes`},
	{`limits: {candidates: 99999999999999999999}`,
		`1:22: limits.candidates: 99999999999999999999 is out of range`},
	{`
limits: {candidates: 0x10, in_flight: 007}
`, `
1:22: limits.candidates: must be a whole number, not 0x10
1:39: limits.in_flight: must be a whole number, not 007`},
	{`limits: {body: 4M}`,
		`1:16: limits.body: "4M" has the unknown unit "M"; write 4MiB or 4MB`},
	{`limits: {body: 4kb}`,
		`1:16: limits.body: "4kb" has the unknown unit "kb"; write 4KiB or 4kB`},
	{`limits: {body: four}`,
		`1:16: limits.body: "four" is not a size; write 4096, 512KiB, 256MiB or 4GB`},
	{`limits: {body: 4XiB}`,
		`1:16: limits.body: "4XiB" has the unknown unit "XiB"; write 4KiB or 4MiB or 4GB`},
	{`limits: {body: 2GiB}`,
		`1:16: limits.body: 2147483648: must be from 1024 to 1073741824`},
	{`limits: {body: 200MiB}`,
		`1:1: limits.bodies: 268435456: must be at least 419430400: one body of limits.body, as sent and inflated`},
	{`limits: {bodies: 1MiB}`,
		`1:18: limits.bodies: 1048576: must be at least 8388608: one body of limits.body, as sent and inflated`},
	{`limits: {body: 0}`,
		`1:16: limits.body: 0: must be from 1024 to 1073741824`},
	{`
timeouts: {read: 5s, wirte: 5s, idle: ~}
`, `
1:22: timeouts.wirte: unknown field; did you mean write?
1:39: timeouts.idle: must be a duration such as 50ms or 7d, not ~`},
	{`drain: {wait: 101y, linger: 36501d}`,
		`1:15: drain.wait: "101y" is not a duration; write 50ms, 1.5s, 10m, 24h or 7d
1:29: drain.linger: 36501d is out of range`},
	{`onnx: {providers: cpu}`,
		`1:19: onnx.providers: must be a list, not "cpu"`},
	{`onnx: {providers: []}`,
		`1:8: onnx.providers: must end with cpu, which runs what no other provider can`},
	{`onnx: {providers: [cpu, cuda]}`,
		`1:8: onnx.providers: must end with cpu, which runs what no other provider can`},
	{`onnx: {providers: [gpu, cpu]}`,
		`1:20: onnx.providers[0]: "gpu" is unknown; did you mean cpu?`},
	{`onnx: {providers: [cuda, cuda, cpu]}`,
		`1:26: onnx.providers[1]: cuda is given twice`},
	{`onnx: {providers: [CUDA, cpu]}`,
		`1:20: onnx.providers[0]: "CUDA" is unknown; did you mean cuda?`},
	{`
onnx: {intra_op_threads: -1, runners: 2.5, library: [a]}
`, `
1:26: onnx.intra_op_threads: -1 is out of range; it must be 0 to 1024
1:39: onnx.runners: must be a whole number, not 2.5
1:44: onnx.library: must be a path, not a list`},
	{`onnx: {item_parts: -1}`,
		`1:20: onnx.item_parts: "-1" is not a size; write 4096, 512KiB, 256MiB or 4GB`},
	{`onnx: {item_parts: 2TiB}`,
		`1:20: onnx.item_parts: 2TiB is out of range; it must be 0 to 64GiB`},
	{`
cache: {size: -1, ttl: 0, max_stale: 2y}
`, `
1:15: cache.size: "-1" is not a size; write 4096, 512KiB, 256MiB or 4GB
1:24: cache.ttl: 0 is out of range; it must be 2ms to 20d
1:38: cache.max_stale: "2y" is not a duration; write 50ms, 1.5s, 10m, 24h or 7d`},
	{`cache: {size: 2TiB}`,
		`1:15: cache.size: 2TiB is out of range; it must be 0 to 1TiB`},
	{`cache: {size: [1], ttl: 1000d}`,
		`1:9: cache.size: must be a size such as 256MiB, not a list
1:25: cache.ttl: 1000d is out of range; it must be 2ms to 20d`},
	{`cache: {!!str size: 1, *a : 2}`,
		`1:24: not YAML: unknown anchor 'a' referenced`},
	{`"a\nb\e[31m": 1`,
		"1:1: a\ufffdb\ufffd[31m: unknown field; known are " +
			"admin, auth, batch, budget, cache, drain, features, ingest, limits, listen, log, models, onnx, pools, routes, timeouts"},
	{`cache: {!!str size: 1}`,
		`1:9: cache: tags are not read; remove "!!str"`},
	{`batch: {max_rows: [1]}`,
		`1:9: batch.max_rows: must be a whole number, not a list`},
	{`log: {level: [debug]}`,
		`1:7: log.level: must be one of debug, info, warn, error, not a list`},
	{`onnx: {providers: !!seq [cpu]}`,
		`1:8: onnx.providers: tags are not read; remove "!!seq"`},
	{`batch: {max_rows: 100000}`,
		`1:19: batch.max_rows: 100000 is out of range; it must be 1 to 65536`},
	{`features: {store: {memory: {path: ./data}}}`,
		`1:1: features.registry: missing: without features.yaml the store has no views`},
	{`features: {registry: features.yaml, store: {redis: {addresses: [a]}}}`,
		`1:65: features.store.redis.addresses[0]: "a" is not an address; write host:port, such as ":8080", "127.0.0.1:8080" or "[::1]:8080"`},
	{`
features:
  registry: features.yaml
  store:
    memory: {}
    redis: {addresses: [":6379"], password: hunter2, project: shop, key_ttl: 1ms, mode: sentinels, tls: yes}
`, `
5:5: features.store.redis: a store is in memory or in redis; remove one
5:25: features.store.redis.addresses[0]: ":6379" names no host; write host:port
5:45: features.store.redis.password: a password is never written here; name where it is, {env: NAME} or {file: PATH}
5:63: features.store.redis.project: has no effect in the packed layout; set layout: feast or remove it
5:78: features.store.redis.key_ttl: 1ms is out of range; it must be 1s to 36500d
5:89: features.store.redis.mode: "sentinels" is unknown; did you mean sentinel?
5:105: features.store.redis.tls: must be a mapping, not "yes"`},
	{`
features:
  registry: features.yaml
  store: {redis: {addresses: ["a:1", "b:2"], database: 3, layout: feast, password: {env: A, file: b}, sentinel: {username: u}}}
`, `
3:11: features.store.redis.project: missing: the layout feast needs the name of the Feast project
3:19: features.store.redis.addresses: 2 addresses and mode standalone; set mode: cluster or sentinel, or name one
3:74: features.store.redis.password: both env and file are set; where is the password?
3:103: features.store.redis.sentinel.master: missing: under which name do the sentinels know the master?`},
	{`features: features.yaml`,
		`1:11: features: must be a mapping, not "features.yaml"`},
	{`
models: {default: [a, b], repository: "a\0b"}
`, `
1:10: models.default: must be text, not a list
1:39: models.repository: a path can't hold a zero byte`},
	{`routes: {ranker: 3}`,
		`1:18: routes.ranker: must be a mapping, not 3`},
	{`routes: {ranker: {stable: 03}}`,
		`1:27: routes.ranker.stable: "03" is not a version; versions are 1, 2, 3, … without leading zeros`},
	{`routes: {ranker: {stable: v3}}`,
		`1:27: routes.ranker.stable: "v3" is not a version; versions are 1, 2, 3, … without leading zeros`},
	{`routes: {ranker: {stable: 3, canary: {version: 3, percent: 5}}}`,
		`1:48: routes.ranker.canary.version: 3 is the stable version too`},
	{`routes: {ranker: {stable: 3, canary: {percent: 5}}}`,
		`1:30: routes.ranker.canary.version: missing: which version is the canary?`},
	{`routes: {ranker: {stable: 3, canary: {version: 4}}}`,
		`1:30: routes.ranker.canary.percent: missing: how many percent of the users get the canary? 0 leaves it to the X-Canary header`},
	{`
routes:
  ranker:
    canary:
`, `
3:5: routes.ranker.canary.percent: missing: how many percent of the users get the canary? 0 leaves it to the X-Canary header
3:5: routes.ranker.canary.version: missing: which version is the canary?`},
	{`routes: {ranker: {stable: 3, canary: {version: 4, percent: 100.5}}}`,
		`1:60: routes.ranker.canary.percent: 100.5 is out of range; it must be 0 to 100`},
	{`routes: {ranker: {stable: 3, canary: {version: 4, percent: 0.005}}}`,
		`1:60: routes.ranker.canary.percent: 0.005 is too fine; the steps are 0.01`},
	{`routes: {ranker: {stable: 3, canary: {version: 4, percent: 5%}}}`,
		`1:60: routes.ranker.canary.percent: must be a number, not "5%"`},
	{`routes: {ranker: {stable: 3, canary: {version: 4, percent: .inf}}}`,
		`1:60: routes.ranker.canary.percent: must be a number, not .inf`},
	{`routes: {ranker: {stable: 3, canary: {version: 4, percent: 1e999}}}`,
		`1:60: routes.ranker.canary.percent: 1e999 is out of range`},
	{`
routes: {ranker: {shadow: {version: 5}, run_in: [gpu]}}
`, `
1:19: routes.ranker.shadow: unknown field; known are canary, fallback, run_on, stable
1:41: routes.ranker.run_in: unknown field; did you mean run_on?`},
	{`
routes: {ranker: {run_on: [gpu, gpu, ""], fallback: ranker}, other: {run_on: []}}
`, `
1:33: routes.ranker.run_on[1]: "gpu" is given twice
1:38: routes.ranker.run_on[2]: must be the name of a pool, or local, not empty
1:53: routes.ranker.fallback: a model can't stand in for itself
1:70: routes.other.run_on: is empty; name the pools that hold the model, or local`},
	{`
pools:
  local: {endpoints: ["a:1"]}
  gpu: {protocol: rest, endpoints: ["a:1", ":2"], max_in_flight: 0, hedge: {quantile: 1.5, budget: 0.2}}
  other: {endpoints: ["a:1", "a:1"], hedge: {quantile: 0.2, budget: 0.2}, probe: {every: 1ms}}
  none: {retry: {budget: -1}}
`, `
2:3: pools.local: "local" can't be a pool's name; a name holds letters, digits, dots, dashes and underscores, at most 128 of them, and local is this process
3:19: pools.gpu.protocol: "rest" is unknown; known are grpc, http
3:44: pools.gpu.endpoints[1]: ":2" names no host; write host:port
3:66: pools.gpu.max_in_flight: 0 is out of range; it must be 1 to 65536
3:87: pools.gpu.hedge.quantile: 1.5 is out of range; it must be 0 to 1
3:100: pools.gpu.hedge.budget: 0.2: more than retry.budget (0.1), which counts hedges too
4:30: pools.other.endpoints[1]: "a:1" stands there twice
4:56: pools.other.hedge.quantile: 0.2: must be 0 (no hedges), or at least 0.5 and below 1
4:69: pools.other.hedge.budget: 0.2: more than retry.budget (0.1), which counts hedges too
4:90: pools.other.probe.every: 1ms is out of range; it must be 10ms to 1h
5:3: pools.none.endpoints: missing: where are the servers? A list of host:port
5:26: pools.none.retry.budget: -1 is out of range; it must be 0 to 1`},
	{`
log: {level: warning, format: yaml}
`, `
1:14: log.level: "warning" is unknown; did you mean warn?
1:31: log.format: "yaml" is unknown; known are text, json`},
	{`log: {level: verbose}`,
		`1:14: log.level: "verbose" is unknown; known are debug, info, warn, error`},
	{`42`,
		`1:1: must be a mapping, not 42`},
	{`
- a
- b
`, `
1:1: must be a mapping, not a list`},
	{"%YAML 1.2\n---\ncache: {}", `1:1: directives (%) are not read; remove the line, or indent it if it is text`},
	{"cache: {}\n...\n%TAG ! x\n---\n", `3:1: directives (%) are not read; remove the line, or indent it if it is text`},
	{"\xff\xfec\x00", ` not YAML: the text is not UTF-8`},
	{`
listen: {http: ":80"
`, `
2:1: not YAML: did not find expected ',' or '}', while parsing a flow mapping that starts at 1:9`},
	{`
budget:
	default: 5ms
`, `
2:1: not YAML: found character that cannot start any token, while scanning for the next token`},
	{`
budget: {default: 5ms}
limits: {}
budget: {max: 1s}
`, `
3:1: budget: given twice; the first is on line 1`},
	{`
batch: &b {max_rows: 0}
cache: *b
`, `
1:12: cache.max_rows: unknown field; known are max_stale, size, ttl
1:22: batch.max_rows: 0 is out of range; it must be 1 to 65536`},
	{`
routes: {ranker: {stable: &v 0, canary: {version: *v, percent: 1}}}
`, `
1:27: routes.ranker.stable: "0" is not a version; versions are 1, 2, 3, … without leading zeros
1:51: routes.ranker.canary.version: "0" is not a version; versions are 1, 2, 3, … without leading zeros`},
	{`routes: &r {ranker: {stable: *r}}`,
		`1:30: routes.ranker.stable: must be the number of a version, not a mapping`},
	{`cache: {<<: {size: 1}}`,
		`1:9: cache: merge keys (<<) are not read; write the fields out`},
	{`cache: {size: !!int 5}`,
		`1:15: cache.size: tags are not read; remove "!!int"`},
	{`cache: !big {size: 5}`,
		`1:1: cache: tags are not read; remove "!big"`},
	{`
? [cache]
: {}
`, `
1:3: a key must be a name, not a list`},
	{`~: 1`,
		`1:1: a key must be a name, not ~`},
	{`"": 1`,
		`1:1: a key must be a name, not ""`},
	{`cache: {size: *unknown}`,
		`1:15: not YAML: unknown anchor 'unknown' referenced`},
	{`
cache: {size: 1}
---
cache: {size: 2}
`, `
2:1: a second document starts here; a file holds one, without --- between its parts`},
	{`
cäche: {size: x}
log: {"lével": x}
`, `
1:1: cäche: unknown field; did you mean cache?
2:7: log.lével: unknown field; did you mean level?`},
}
