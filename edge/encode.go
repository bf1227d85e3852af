package edge

import (
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/rankgate/rankgate/jsonlex"
	"github.com/rankgate/rankgate/rank"
)

// appendResult appends the answer to req as JSON, in the documented order of
// fields.
func appendResult(dst []byte, req *rank.Request, res *rank.Result, took time.Duration) []byte {
	dst = append(dst, '{')
	if req.ID != "" {
		dst = appendString(append(dst, `"id":`...), req.ID)
		dst = append(dst, ',')
	}
	dst = appendString(append(dst, `"model":`...), res.Model)
	dst = appendString(append(dst, `,"version":`...), res.Version)
	dst = appendString(append(dst, `,"variant":`...), res.Variant)
	dst = append(dst, `,"items":[`...)
	for i, candidate := range res.Order {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendItem(dst, req, res, candidate)
	}
	dst = strconv.AppendBool(append(dst, `],"degraded":`...), res.Degraded)
	dst = appendCoverage(append(dst, `,"coverage":`...), &res.Coverage)
	dst = appendMillis(append(dst, `,"took_ms":`...), took)
	if req.Explain {
		dst = appendStages(append(dst, `,"stages_ms":`...), &res.Stages)
	}
	return append(dst, '}')
}

func appendItem(dst []byte, req *rank.Request, res *rank.Result, candidate int32) []byte {
	if id := req.Items[candidate].ID; plain(id) { // fast path
		dst = append(append(append(dst, `{"id":"`...), id...), `","score":`...)
	} else {
		dst = append(appendString(append(dst, `{"id":`...), id), `,"score":`...)
	}
	dst = jsonlex.AppendFloat(dst, res.Scores[candidate])
	if req.Explain {
		dst = appendString(append(dst, `,"source":`...), res.Sources[candidate].String())
		dst = append(dst, `,"features":[`...)
		if int(candidate) < len(res.Features) {
			dst = appendFeatures(dst, res.Features[candidate])
		}
		dst = append(dst, ']')
	}
	return append(dst, '}')
}

func appendFeatures(dst []byte, features []rank.Feature) []byte {
	for i := range features {
		f := &features[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(append(dst, `{"name":`...), f.Name)
		dst = appendValue(append(dst, `,"value":`...), f.Value)
		dst = appendString(append(dst, `,"status":`...), f.Status.String())
		dst = append(dst, '}')
	}
	return dst
}

// appendValue appends a rank.Feature's value.
func appendValue(dst []byte, value any) []byte {
	switch v := value.(type) {
	case float32:
		return jsonlex.AppendFloat(dst, v)
	case int64:
		return strconv.AppendInt(dst, v, 10)
	case bool:
		return strconv.AppendBool(dst, v)
	case string:
		return appendString(dst, v)
	case []float32:
		dst = append(dst, '[')
		for i, f := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = jsonlex.AppendFloat(dst, f)
		}
		return append(dst, ']')
	default:
		return append(dst, "null"...)
	}
}

// answered is the order in which coverage lists the sources.
var answered = [rank.NumSources]rank.Source{rank.SourceModel, rank.SourceCache, rank.SourceStale, rank.SourceFallback}

func appendCoverage(dst []byte, coverage *[rank.NumSources]int) []byte {
	for i, source := range answered {
		dst = appendMember(dst, i, source.String())
		dst = strconv.AppendInt(dst, int64(coverage[source]), 10)
	}
	return append(dst, '}')
}

func appendStages(dst []byte, stages *rank.Stages) []byte {
	for stage := range rank.NumStages {
		dst = appendMember(dst, int(stage), stage.String())
		dst = appendMillis(dst, stages[stage])
	}
	return append(dst, '}')
}

// appendTiming appends the value of the Server-Timing header.
func appendTiming(dst []byte, stages *rank.Stages) []byte {
	for stage := range rank.NumStages {
		if stage > 0 {
			dst = append(dst, ", "...)
		}
		dst = append(append(dst, stage.String()...), ";dur="...)
		dst = appendMillis(dst, stages[stage])
	}
	return dst
}

// errorBody is the body of a refusal.
func errorBody(code rank.Code, message string) []byte {
	dst := appendString([]byte(`{"error":{"code":`), code.String())
	dst = appendString(append(dst, `,"message":`...), message)
	return append(dst, "}}"...)
}

// errorBodyV2 is the body of a refusal in the Open Inference Protocol, whose error is
// a string.
func errorBodyV2(code rank.Code, message string) []byte {
	dst := appendString([]byte(`{"error":`), message)
	dst = appendString(append(dst, `,"code":`...), code.String())
	return append(dst, '}')
}

// appendMember begins the i-th member of an object; name needs no escaping.
func appendMember(dst []byte, i int, name string) []byte {
	separator := byte(',')
	if i == 0 {
		separator = '{'
	}
	dst = append(append(dst, separator, '"'), name...)
	return append(dst, `":`...)
}

// appendMillis appends a time in milliseconds with up to three decimals.
func appendMillis(dst []byte, d time.Duration) []byte {
	micros := max(d.Round(time.Microsecond).Microseconds(), 0)
	dst = strconv.AppendInt(dst, micros/1000, 10)
	if rest := micros % 1000; rest > 0 {
		digits := [4]byte{'.', byte('0' + rest/100), byte('0' + rest/10%10), byte('0' + rest%10)}
		n := len(digits)
		for digits[n-1] == '0' {
			n--
		}
		dst = append(dst, digits[:n]...)
	}
	return dst
}

// appendString appends s as a JSON string. What is not UTF-8 becomes U+FFFD.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	if plain(s) { // fast path
		return append(append(dst, s...), '"')
	}
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
			continue
		}
		switch {
		case c == '"', c == '\\':
			dst = append(dst, '\\', c)
		case c >= ' ':
			dst = append(dst, c)
		default:
			const hex = "0123456789abcdef"
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
	}
	return append(dst, '"')
}

// plain reports whether s is ASCII that needs no escaping.
func plain(s string) bool {
	for i := range len(s) {
		if !plainBytes[s[i]] {
			return false
		}
	}
	return true
}

var plainBytes = func() (plain [256]bool) {
	for c := byte(' '); c < utf8.RuneSelf; c++ {
		plain[c] = c != '"' && c != '\\'
	}
	return plain
}()
