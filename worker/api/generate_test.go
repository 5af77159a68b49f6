package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
)

// generator makes requests from a description. A broken one has something wrong, somewhere.
type generator struct {
	r      *rand.Rand
	broken bool
}

// ids are those of things that are there, and of none.
var ids = []string{"known", "loaded", "1", "none", "a.b-c_d", strings.Repeat("x", 100)}

// nasty are texts that have broken servers before.
var nasty = []string{
	"", " ", "\x00", "\r\n", "=1+1", "{{secret}}", "[[sn.x]]", "{{#if}}", "../../etc/passwd", "%00", "<script>alert(1)</script>", "\u202e\u0000\ufeff",
	"👩‍👩‍👧‍👧", "İıſK", "null", "-0", "1e999", "9007199254740993", "'; DROP TABLE", "*@example.com", "http://169.254.169.254/", "a@b", "\"@\"@x", strings.Repeat("A", 5000),
}

// plausible are texts that some field takes.
var plausible = []string{
	"ada@example.com", "Fernhill <stay@fernhill.example>", "+15005550006", "c1", "Hi {{customer.firstName}}", "# Hello\n\nyou", "en-us", "fr-CA", "Europe/Berlin",
	"order-shipped", "reply", "unsubscribed", "a.pdf", "2026-12-01T09:00", "https://files.example/a.pdf", "aGVsbG8=", strings.Repeat("0a", 32),
}

func (g *generator) oneOf(list []string) string { return list[g.r.IntN(len(list))] }

func (g *generator) chance(n int) bool { return g.r.IntN(n) == 0 }

// request makes a request, and returns its body too.
func (g *generator) request(t *testing.T, ctx context.Context, base string, route *routers.Route) (*http.Request, []byte) {
	t.Helper()
	params, query, header := map[string]string{}, url.Values{}, http.Header{}
	for _, ref := range route.Operation.Parameters {
		p := ref.Value
		value := fmt.Sprint(g.value(p.Schema, 0))
		switch p.In {
		case "path":
			if params[p.Name] = g.oneOf(ids); g.broken && g.chance(3) {
				params[p.Name] = g.oneOf(nasty[1:])
			}
		case "query":
			if p.Required || g.chance(2) {
				query.Set(p.Name, value)
			}
		case "header":
			if g.chance(3) {
				header.Set(p.Name, strings.Map(visible, value))
			}
		}
	}
	if g.broken && g.chance(8) {
		query.Set("unknown", "1")
	}
	var body []byte
	if rb := route.Operation.RequestBody; rb != nil {
		mediaTypes := slices.Sorted(maps.Keys(rb.Value.Content))
		mediaType := g.oneOf(mediaTypes)
		header.Set("Content-Type", mediaType)
		body = g.body(t, mediaType, rb.Value.Content[mediaType].Schema)
		if g.broken && g.chance(12) {
			header.Set("Content-Type", g.oneOf([]string{"text/plain", "x", "application/json; charset=utf-16", "application/json", ";"}))
		}
		if g.broken && g.chance(12) {
			header.Set("Content-Encoding", "gzip")
		}
	}
	var in io.Reader
	if body != nil {
		in = bytes.NewReader(body)
	}
	r, err := http.NewRequestWithContext(ctx, route.Method, target(base, route, params, query), in)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header
	return r, body
}

func visible(r rune) rune {
	if r < ' ' || r > '~' {
		return -1
	}
	return r
}

func (g *generator) body(t *testing.T, mediaType string, schema *openapi3.SchemaRef) []byte {
	t.Helper()
	var body []byte
	switch mediaType {
	case "application/json":
		var err error
		if body, err = json.Marshal(g.value(schema, 0)); err != nil {
			t.Fatal(err)
		}
	case "text/csv":
		body = []byte("customer.email,customer.firstName\n" + g.oneOf(plausible) + "," + g.oneOf(nasty) + "\n")
	default:
		body = []byte(`{"to":` + strconv.Quote(g.oneOf(plausible)) + `,"context":{}}` + "\n" + g.oneOf(nasty) + "\n")
	}
	if g.broken && len(body) > 0 && g.chance(3) {
		// Bytes are lost, doubled or turned.
		at := g.r.IntN(len(body))
		switch g.r.IntN(4) {
		case 0:
			body = body[:at]
		case 1:
			body = append(body, body[at:]...)
		case 2:
			body[at] = byte(g.r.IntN(256))
		default:
			body = slices.Concat(body[:at], []byte(g.oneOf([]string{"\xff", "[", "{", "]", "}", "\"", ",", "1e400", "null", strings.Repeat("[", 2000)})), body[at:])
		}
	}
	return body
}

// value makes a value of a schema.
func (g *generator) value(ref *openapi3.SchemaRef, depth int) any {
	if ref == nil || ref.Value == nil {
		return g.anything(depth)
	}
	s := ref.Value
	if g.broken && g.chance(8) {
		return g.anything(depth)
	}
	switch {
	case len(s.Enum) > 0:
		return s.Enum[g.r.IntN(len(s.Enum))]
	case s.Type.Includes("object"):
		return g.object(s, depth)
	case s.Type.Includes("array"):
		list := []any{}
		n := g.r.IntN(3)
		if s.MinItems > 0 {
			n += int(s.MinItems)
		}
		for range n {
			list = append(list, g.value(s.Items, depth+1))
		}
		return list
	case s.Type.Includes("string"):
		return g.text(s)
	case s.Type.Includes("integer"), s.Type.Includes("number"):
		return g.number(s)
	case s.Type.Includes("boolean"):
		return g.chance(2)
	}
	return g.anything(depth)
}

func (g *generator) object(s *openapi3.Schema, depth int) any {
	o := map[string]any{}
	for name, property := range s.Properties {
		if depth < 5 && (slices.Contains(s.Required, name) || g.chance(3)) && !(g.broken && g.chance(20)) {
			o[name] = g.value(property, depth+1)
		}
	}
	if len(s.Properties) == 0 {
		o["customer"] = map[string]any{"firstName": g.oneOf(nasty), "email": "ada@example.com"}
	}
	if g.broken && g.chance(10) {
		o[g.oneOf(nasty)] = g.anything(depth + 1)
	}
	return o
}

func (g *generator) text(s *openapi3.Schema) string {
	switch {
	case s.Format == "date-time":
		return time.Unix(g.r.Int64N(4e9), 0).UTC().Format(time.RFC3339)
	case s.Pattern != "" && !g.broken:
		return g.oneOf([]string{"known", "loaded", strings.Repeat("0a", 32)})
	case g.chance(4):
		return g.oneOf(nasty)
	case g.chance(3):
		return g.oneOf(ids)
	}
	return g.oneOf(plausible)
}

func (g *generator) number(s *openapi3.Schema) any {
	if g.broken && g.chance(3) {
		return []any{-1, 0, 1e308, -1e308, 0.5, int64(1) << 62}[g.r.IntN(6)]
	}
	least, most := 0.0, 1000.0
	if s.Min != nil {
		least = *s.Min
	}
	if s.Max != nil {
		most = *s.Max
	}
	n := least + g.r.Float64()*(most-least)
	if s.Type.Includes("integer") {
		return int64(n)
	}
	return n
}

// anything is a value of no schema.
func (g *generator) anything(depth int) any {
	switch g.r.IntN(8) {
	case 0:
		return nil
	case 1:
		return g.chance(2)
	case 2:
		return g.r.NormFloat64() * 1e6
	case 3, 4:
		return g.oneOf(nasty)
	case 5:
		return []any{}
	case 6:
		if depth < 5 {
			return []any{g.anything(depth + 1), g.anything(depth + 1)}
		}
	case 7:
		if depth < 5 {
			return map[string]any{g.oneOf(plausible): g.anything(depth + 1), "a": 1}
		}
	}
	return -1
}
