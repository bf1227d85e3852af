package redis

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/redis/rueidis"

	"github.com/rankgate/rankgate/features"
	"github.com/rankgate/rankgate/features/feast"
	"github.com/rankgate/rankgate/features/packed"
)

// written is one view as a Writer writes it: a script, what every call of it
// starts with, and how a record becomes the pieces of a call.
type written struct {
	*features.View
	key    func(dst []byte, user, item string) ([]byte, error)
	append func(win *window, rec *features.Record) error
	script *script
	head   []string      // arguments before those of the rows
	pieces int           // of a row, its key included
	lasts  time.Duration // of a row, after its event time; 0 means for ever
	lone   bool          // a row is one string that stays, so MSETNX can store it
	guess  guess         // whether it will

	// The server must know the schema of packed rows before it holds one. It may
	// lose it as it may lose scripts, so it is told again after every failure, and
	// now and then: a server that evicts keys or is flushed fails nobody.
	schemas string // key of their hash, "" in the Feast layout
	field   string
	schema  string
	telling sync.Mutex
	told    time.Time // zero if it was not
}

// tellEvery is how long rows may lie in a server that has lost their schema.
const tellEvery = 10 * time.Second

// script is a Lua script, with the name under which the server keeps it.
type script struct{ text, sha string }

//go:embed write_packed.lua
var packedText string

//go:embed write_feast.lua
var feastText string

var packedScript, feastScript = newScript(packedText), newScript(feastText)

func newWritten(cfg *Config, reg *features.Registry, view *features.View) (*written, error) {
	v := &written{View: view}
	layout := features.LayoutOf(view.Columns)
	if cfg.Layout == Feast {
		return v, v.asFeast(cfg, reg, layout)
	}
	v.asPacked(cfg, layout)
	return v, nil
}

func (v *written) asPacked(cfg *Config, layout *features.Layout) {
	p := packed.New(cfg.Prefix, v.View, layout)
	schema := p.Schema()
	v.key, v.script = p.AppendKey, packedScript
	v.schemas = packed.SchemasKey(cfg.Prefix)
	v.field, v.schema = packed.SchemaField(v.Stored(), schema.ID()), schema.String()
	v.pieces = 2
	created := strconv.Itoa(schema.CreatedOffset())
	switch {
	case cfg.KeyTTL > 0:
		v.head = []string{created, "PX", strconv.FormatInt(cfg.KeyTTL.Milliseconds(), 10)}
	case v.TTL > 0:
		v.head = []string{created, "PXAT", ""}
		v.lasts = v.TTL + v.MaxStale
		v.pieces = 3
	default:
		v.head = []string{created, "", ""}
		v.lone = true
	}
	v.append = func(win *window, rec *features.Record) error {
		if err := errors.Join(exact("event", rec.Row.Time), exact("created", rec.Created)); err != nil {
			return err
		}
		win.bytes = p.Encode(win.bytes, rec)
		win.piece()
		if v.lasts > 0 {
			if rec.Row.Time != 0 {
				win.bytes = strconv.AppendInt(win.bytes, rec.Row.Time+v.lasts.Milliseconds(), 10)
			}
			win.piece()
		}
		return nil
	}
}

func (v *written) asFeast(cfg *Config, reg *features.Registry, layout *features.Layout) error {
	f, err := feast.New(cfg.Project, cfg.KeyVersion, reg, v.View, layout)
	if err != nil {
		return err
	}
	v.key, v.script = f.AppendKey, feastScript
	fields, created := f.Fields(), "0"
	columns := len(fields) - 1 // the last is the event time
	if v.CreatedTime != "" {
		fields, created = append(fields[:columns+1:columns+1], f.CreatedField()), "1"
	}
	v.pieces = 1 + len(fields)
	v.head = append([]string{strconv.FormatInt(cfg.KeyTTL.Milliseconds(), 10), strconv.Itoa(len(fields)), created}, fields...)
	v.append = func(win *window, rec *features.Record) error {
		if err := errors.Join(protobuf("event", rec.Row.Time), protobuf("created", rec.Created)); err != nil {
			return err
		}
		for _, text := range rec.Row.Strings {
			if !utf8.ValidString(text) {
				return fmt.Errorf("the text %q is not UTF-8, so no reader of a Feast store takes it", text)
			}
		}
		for c := range columns {
			win.bytes = f.EncodeField(win.bytes, c, &rec.Row)
			win.piece()
		}
		win.bytes = feast.EncodeTime(win.bytes, rec.Row.Time)
		win.piece()
		if v.CreatedTime != "" {
			win.bytes = feast.EncodeTime(win.bytes, rec.Created)
			win.piece()
		}
		return nil
	}
	return nil
}

// expired reports whether a row can't be used any more at now.
func (v *written) expired(rec *features.Record, now int64) bool {
	return v.lasts > 0 && rec.Row.Time != 0 && rec.Row.Time+v.lasts.Milliseconds() <= now
}

// tell makes sure that the server knows the schema of the rows.
func (v *written) tell(ctx context.Context, client rueidis.Client) error {
	if v.schemas == "" {
		return nil
	}
	v.telling.Lock()
	defer v.telling.Unlock()
	if time.Since(v.told) < tellEvery {
		return nil
	}
	fresh, err := client.Do(ctx, client.B().Hsetnx().Key(v.schemas).Field(v.field).Value(v.schema).Build()).AsBool()
	if err != nil {
		return err
	}
	if !fresh {
		there, err := client.Do(ctx, client.B().Hget().Key(v.schemas).Field(v.field).Build()).ToString()
		if err != nil {
			return err
		}
		if there != v.schema {
			return &schemaError{view: v, there: there}
		}
	}
	v.told = time.Now()
	return nil
}

// schemaError says that two schemas have the same id.
type schemaError struct {
	view  *written
	there string
}

func (e *schemaError) Error() string {
	v := e.view
	return fmt.Sprintf("view %s: field %s of %s holds the schema %q; the view's own, %q, has the same id, so rename a column",
		v.Name, v.field, v.schemas, e.there, v.schema)
}

// forget makes the next tell tell again.
func (v *written) forget() {
	v.telling.Lock()
	defer v.telling.Unlock()
	v.told = time.Time{}
}

// exact refuses a time that the server, which counts in float64, would round.
func exact(name string, ms int64) error {
	const beyond = 1 << 53
	if ms > -beyond && ms < beyond {
		return nil
	}
	return fmt.Errorf("the %s time %d ms since 1970 is out of range: it must be between -2^53 and 2^53", name, ms)
}

// protobuf refuses a time that no google.protobuf.Timestamp may hold.
func protobuf(name string, ms int64) error {
	const first, beyond = -62135596800_000, 253402300800_000
	if ms >= first && ms < beyond {
		return nil
	}
	return fmt.Errorf("the %s time %d ms since 1970 is out of range: it must be in the years 1 to 9999", name, ms)
}
