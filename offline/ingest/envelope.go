package ingest

// envelope is an event taken apart: its fields as they are written, nil where
// they are absent or null.
type envelope struct {
	view, user, item, eventTime, createdTime, columns []byte
}

var envelopeFields = []string{"columns", "created_time", "event_time", "item", "user", "view"}

func openEnvelope(text []byte) (e envelope, _ *EventError) {
	if err := checkJSON(text); err != nil {
		return e, refuse(Malformed, "not JSON: %v", err)
	}
	text = skipSpace(text)
	if text[0] != '{' {
		return e, refuse(Malformed, "an event must be an object, not %s", describe(text))
	}
	seen := map[*[]byte]bool{}
	for key, value := range members(text) {
		name := string(unquote(key))
		field := e.field(name)
		switch {
		case field == nil:
			return e, refuse(UnknownField, "%s: unknown field; %s", clip(name), hint(name, envelopeFields))
		case seen[field]:
			return e, refuse(Malformed, "%s: given twice", name)
		}
		seen[field] = true
		if value[0] != 'n' {
			*field = value
		}
	}
	return e, nil
}

// field returns where the field of that name is kept, nil if there is none.
func (e *envelope) field(name string) *[]byte {
	switch name {
	case "view":
		return &e.view
	case "user":
		return &e.user
	case "item":
		return &e.item
	case "event_time":
		return &e.eventTime
	case "created_time":
		return &e.createdTime
	case "columns":
		return &e.columns
	default:
		return nil
	}
}
