package bounce

import (
	"bytes"
	"mime"
	"strings"
)

// entity is a mail or a part of one. What is malformed is read as far as it goes: bounces quote what broke elsewhere.
type entity struct {
	header header
	kind   string            // media type in lower case
	params map[string]string // of the media type
	body   []byte            // still encoded
}

type field struct{ name, value string } // the name in lower case, the value unfolded

type header []field

// get is the first value of a field, "" where there is none.
func (h header) get(name string) string {
	for _, f := range h {
		if f.name == name {
			return f.value
		}
	}
	return ""
}

func (h header) has(name string) bool {
	for _, f := range h {
		if f.name == name {
			return true
		}
	}
	return false
}

// nextLine cuts the first line off, without its end.
func nextLine(data []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(data, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r")), rest
}

// readHeader reads fields up to an empty line. Lines that are no field are passed over.
func readHeader(data []byte) (header, []byte) {
	var h header
	for len(data) > 0 {
		var line []byte
		line, data = nextLine(data)
		if len(bytes.TrimSpace(line)) == 0 {
			if h == nil && len(line) == 0 && len(data) > 0 && isField(data) {
				continue // an empty line before the first field
			}
			break
		}
		if line[0] == ' ' || line[0] == '\t' {
			if n := len(h); n > 0 && len(h[n-1].value) < 4<<10 {
				h[n-1].value += " " + string(bytes.TrimSpace(line))
			}
			continue
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok || len(name) > 80 || len(h) >= maxFields {
			continue
		}
		h = append(h, field{strings.ToLower(string(bytes.TrimSpace(name))), string(bytes.TrimSpace(value[:min(len(value), 4<<10)]))})
	}
	return h, data
}

// isField reports whether data begins with a field of a header.
func isField(data []byte) bool {
	line, _ := nextLine(data)
	name, _, ok := bytes.Cut(line, []byte(":"))
	return ok && len(name) > 0 && len(name) <= 80 && !bytes.ContainsAny(name, " \t<>@")
}

func readEntity(data []byte, kind string) entity {
	e := entity{kind: kind, params: map[string]string{}}
	e.header, e.body = readHeader(data)
	if text := e.header.get("content-type"); text != "" {
		e.kind, e.params = mediaType(text)
	}
	return e
}

// mediaType reads a Content-Type. One with broken parameters gives its type and what boundary can be found.
func mediaType(text string) (string, map[string]string) {
	kind, params, err := mime.ParseMediaType(text)
	if err == nil {
		return kind, params
	}
	kind, rest, _ := strings.Cut(text, ";")
	params = map[string]string{}
	for _, name := range []string{"boundary", "report-type", "charset"} {
		at := strings.Index(strings.ToLower(rest), name+"=")
		if at < 0 {
			continue
		}
		value := rest[at+len(name)+1:]
		if strings.HasPrefix(value, `"`) {
			value, _, _ = strings.Cut(value[1:], `"`)
		} else if end := strings.IndexAny(value, "; \t"); end >= 0 {
			value = value[:end]
		}
		params[name] = value
	}
	return strings.ToLower(strings.TrimSpace(kind)), params
}

// parts are the parts of a multipart entity, undecoded. A missing last boundary ends the last part with the entity.
func (e entity) parts() []entity {
	boundary := e.params["boundary"]
	if !strings.HasPrefix(e.kind, "multipart/") || boundary == "" {
		return nil
	}
	kind := "text/plain"
	if e.kind == "multipart/digest" {
		kind = "message/rfc822"
	}
	delimiter := []byte("--" + boundary)
	var found []entity
	start := -1
	for at := 0; at < len(e.body) && len(found) < maxParts; {
		end := bytes.IndexByte(e.body[at:], '\n')
		next := len(e.body)
		if end >= 0 {
			next = at + end + 1
		}
		line := bytes.TrimRight(e.body[at:next], " \t\r\n")
		if rest, ok := bytes.CutPrefix(line, delimiter); ok && (len(rest) == 0 || string(rest) == "--") {
			if start >= 0 {
				found = append(found, readEntity(e.body[start:at], kind))
			}
			if start = next; len(rest) > 0 {
				return found
			}
		}
		at = next
	}
	if start >= 0 && start < len(e.body) && len(found) < maxParts {
		found = append(found, readEntity(e.body[start:], kind))
	}
	return found
}

// leaves are the entity's parts that have no parts, in order. A message within is a leaf.
func (e entity) leaves() []entity {
	var all []entity
	var walk func(e entity, depth int)
	walk = func(e entity, depth int) {
		parts := e.parts()
		if len(parts) == 0 || depth == maxDepth {
			all = append(all, e)
			return
		}
		for _, p := range parts {
			if len(all) < maxParts {
				walk(p, depth+1)
			}
		}
	}
	walk(e, 0)
	return all
}
