package config

var registryMistakes = []mistake{
	{`entities: {user: {}}`,
		`1:12: entities.user.type: missing: string or int64?`},
	{`entities: {user: {type: int32}}`,
		`1:25: entities.user.type: "int32" is unknown; known are string, int64`},
	{`entities: {user: string}`,
		`1:18: entities.user: must be a mapping, not "string"`},
	{`entities: {user: {type: string}, shop: {type: int64}}`,
		`1:34: entities.shop: a request names a user and items, so an entity is "user" or "item"`},
	{`views: {user_stats: {columns: {age: float32}}}`,
		`1:9: views.user_stats.entities: missing: what is the view about? One entity, or two for a pair`},
	{`
entities: {user: {type: string}}
views:
  user_stats:
    entities: user
    ttl: 24
    max_stale: 7w
    source: user.xlsx
    version: 0
    owners: growth
    columns:
      age: {type: float, default: mean}
      embedding: {type: "float32[x]"}
      long: {type: "float32[70000]"}
      wide: {type: "int64[3]"}
      open: "float32[3"
      country: {type: string, vocabulary: [de, fr, de]}
      city: {type: string, vocabulary: }
      zip: {type: int32, vocabulary: [1]}
      town: {type: string, vocabulary: nowhere/towns.txt}
      tags: {type: string, vocabulary: []}
      name: {}
      half: float16
`, `
4:15: views.user_stats.entities: must be a list, not "user"
5:10: views.user_stats.ttl: 24 has no unit; write 24s, 24ms, 24m, 24h or 24d
6:16: views.user_stats.max_stale: "7w" is not a duration; write 50ms, 1.5s, 10m, 24h or 7d
7:13: views.user_stats.source: "user.xlsx" must end in .parquet or .csv
8:14: views.user_stats.version: 0 is out of range; it must be 1 to 1000000
9:5: views.user_stats.owners: unknown field; did you mean owner?
11:19: views.user_stats.columns.age.type: "float" is not a type of a column; did you mean float32?
12:25: views.user_stats.columns.embedding.type: "float32[x]" is not a type; a vector is written float32[32]
13:20: views.user_stats.columns.long.type: a vector has 1 to 65536 elements, not 70000
14:20: views.user_stats.columns.wide.type: a vector is float32[3], not int64[3]
15:13: views.user_stats.columns.open: "float32[3" is not a type; a vector is written float32[32]
16:52: views.user_stats.columns.country.vocabulary[2]: "de" is given twice; the first is element 0
17:28: views.user_stats.columns.city.vocabulary: must be a list of values or a file with one per line, not empty
18:26: views.user_stats.columns.zip.vocabulary: only a string column has a vocabulary, and this one is int32
19:40: views.user_stats.columns.town.vocabulary: "nowhere/towns.txt" can't be read: no such file or directory
20:28: views.user_stats.columns.tags.vocabulary: is empty; remove it, or list the values that the column knows
21:7: views.user_stats.columns.name.type: missing: float32, float64, int64, int32, bool, string, or a vector such as float32[32]
22:13: views.user_stats.columns.half: "float16" is not a type of a column; did you mean float32?`},
	{`
entities: {user: {type: string}}
views:
  u:
    entities: [user]
    columns:
      a: {type: float32, default: abc}
      b: {type: int64, default: 1.5}
      c: {type: int32, default: 3000000000}
      d: {type: bool, default: yes}
      e: {type: "float32[2]", default: [1]}
      f: {type: "float32[2]", default: [1, x]}
      g: {type: "float32[2]", default: 0}
      h: {type: string, default: mean}
      i: {type: string, default: [a]}
      j: {type: float32, default: {const: 1}}
      k: {type: float32, default: 1e39}
      l: {type: int64, default: 9007199254740993}
      m: {type: bool, default: mean}
      n: {type: "float32[2]", default: most_frequent}
      o: {type: float32, default: }
      p: {type: float32, default: "1"}
      q: {type: float32, required: maybe}
      r: {type: float32, required: true, default: 3}
      s: {type: string, default: {constant: mean}}
      t: {type: int64, default: 1_000}
      u: {type: float64, default: 1e400}
      v: {type: "float32[2]", default: []}
      w: float32[0]
      x: {type: [float32]}
`, `
6:35: views.u.columns.a.default: must be a number, not "abc"
7:33: views.u.columns.b.default: must be a whole number, not 1.5; the column is int64
8:33: views.u.columns.c.default: 3000000000 is out of the range of int32
9:32: views.u.columns.d.default: "yes" is unknown; known are true, false
10:31: views.u.columns.e.default: a list of 1 numbers, and the column is float32[2]
11:44: views.u.columns.f.default[1]: must be a number, not "x"
12:40: views.u.columns.g.default: must be a list, not 0
13:34: views.u.columns.h.default: text has no mean; write most_frequent, or {constant: mean} for the word itself
14:25: views.u.columns.i.default: must be text, not a list
15:36: views.u.columns.j.default.const: unknown field; did you mean constant?
16:35: views.u.columns.k.default: 1e39 is out of the range of float32
17:33: views.u.columns.l.default: 9007199254740993 is out of range; a default is at most 2^53
18:32: views.u.columns.m.default: a bool has no mean; use most_frequent or a constant
19:40: views.u.columns.n.default: most_frequent is for scalars; a vector takes mean or a list of 2 numbers
20:26: views.u.columns.o.default: must be a number, not empty
21:35: views.u.columns.p.default: must be a number, not the text "1"; remove the quotes
22:36: views.u.columns.q.required: "maybe" is unknown; known are true, false
23:51: views.u.columns.r.default: has no effect: the column is required, so nothing stands in for it
25:33: views.u.columns.t.default: must be a whole number, not 1_000; the column is int64
26:35: views.u.columns.u.default: 1e400 is out of range
27:31: views.u.columns.v.default: a list of 0 numbers, and the column is float32[2]
28:10: views.u.columns.w: "float32[0]" is not a type; a vector is written float32[32]
29:11: views.u.columns.x.type: must be a type such as float32 or float32[32], not a list`},
	{`
context: {hour: {type: float32, default: mean}}
request: {"a.b": float32, "c d": float32}
`, `
1:42: context.hour.default: what comes with a request is not loaded, so its default is a constant
2:18: request.a.b: a name must not be empty or hold dots, brackets or spaces
2:34: request.c d: a name must not be empty or hold dots, brackets or spaces`},
	{`
views: {request: {entities: [user], columns: {}}}
`, `
1:9: views.request: "request" is what came with the request; a view needs another name
1:19: views.request.entities: "user" is not declared under entities
1:37: views.request.columns: missing: a view has at least one column`},
	{`
entities: {user: {type: string}}
views: {v: {entities: [usr], ttl: 1h, columns: {a: float32}}}
`, `
2:13: views.v.entities: must be [user], [item] or [user, item], not [usr]`},
	{`
entities: {user: {type: string}}
views: {v: {entities: [user], created_time: c, cache: {ttl: 0s, tracking: always}, columns: {a: float32}}}
`, `
2:45: views.v.created_time: has no effect without event_time: it tells rows of one event time apart
2:61: views.v.cache.ttl: 0s is out of range; it must be 1ms to 30d
2:75: views.v.cache.tracking: "always" is unknown; known are keys, broadcast, off`},
	{`entities: {user: {type: string, join_type: int32}}`,
		`1:44: entities.user.join_type: a number, and the entity's ids are strings; say type: int64`},
	{`context: [hour]`,
		`1:1: context: must be a mapping, not a list`},
	{`context: {hour: [float32]}`,
		`1:11: context.hour: must be a mapping, not a list`},
	{`"features"`,
		`1:1: must be a mapping, not "features"`},
	{`
views: {v: {columns: {c: {type: string, vocabulary: {file: a}, default: 1}}, entities: [~], source: [a]}}
`, `
1:41: views.v.columns.c.vocabulary: must be a list of values or a file with one per line, not a mapping
1:89: views.v.entities[0]: must be text, not ~
1:93: views.v.source: must be text, not a list`},
	{`
context: {c: {type: string, vocabulary: [a, ~, [b]]}}
`, `
1:45: context.c.vocabulary[1]: must be text, not ~
1:48: context.c.vocabulary[2]: must be text, not a list`},
	{`
context: {c: {typ: string}, c: int64}
`, `
1:15: context.c.typ: unknown field; did you mean type?
1:29: context.c: given twice; the first is on line 1`},
}
