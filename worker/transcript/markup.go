package transcript

import (
	"bytes"
	"html"
	"net/url"
	"strings"

	nethtml "golang.org/x/net/html"

	"github.com/heraldsend/herald/worker/conversation"
)

// quoted returns the part of a message's HTML that may be shown: sanitised, without what its author hid, without
// secrets. A picture leaves its name.
func (r *redactor) quoted(m *conversation.Message, source string) string {
	safe := r.sanitizer.HTML([]byte(source), true)
	if r.all.patterns == 0 && r.own[m] == nil {
		return string(safe)
	}
	return r.redactHTML(m, safe)
}

// redactHTML removes secrets from sanitised HTML, even if elements divide them. It removes addresses that hold one.
func (r *redactor) redactHTML(m *conversation.Message, safe []byte) string {
	var all strings.Builder // the text of all text tokens
	each(safe, func(kind nethtml.TokenType, raw []byte, _ *nethtml.Tokenizer) {
		if kind == nethtml.TextToken {
			all.WriteString(html.UnescapeString(string(raw)))
		}
	})
	hits := r.find(m, all.String(), false)
	var out strings.Builder
	out.Grow(len(safe))
	at := 0 // in all
	each(safe, func(kind nethtml.TokenType, raw []byte, z *nethtml.Tokenizer) {
		switch kind {
		case nethtml.TextToken:
			text := html.UnescapeString(string(raw))
			out.WriteString(html.EscapeString(cutWithin(text, at, hits)))
			at += len(text)
		case nethtml.StartTagToken, nethtml.SelfClosingTagToken:
			r.tag(&out, m, raw, z)
		default:
			out.Write(raw)
		}
	})
	return out.String()
}

// cutWithin cuts hits, whose places are in a longer text, out of the part that begins at from. It writes the mark
// where a hit begins.
func cutWithin(text string, from int, hits []span) string {
	var b strings.Builder
	done := 0
	for _, hit := range hits {
		start, end := max(hit.start-from, 0), min(hit.end-from, len(text))
		if hit.end <= from || start >= len(text) {
			continue
		}
		b.WriteString(text[done:start])
		if hit.start >= from {
			b.WriteString(Mark)
		}
		done = end
	}
	b.WriteString(text[done:])
	return b.String()
}

// tag writes a start tag without attributes that hold a secret.
func (r *redactor) tag(out *strings.Builder, m *conversation.Message, raw []byte, z *nethtml.Tokenizer) {
	name, more := z.TagName()
	var kept strings.Builder
	dropped := false
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		text := string(value)
		plain, err := url.PathUnescape(text)
		if len(r.find(m, text, true)) > 0 || err != nil || len(r.find(m, plain, true)) > 0 {
			dropped = true
			continue
		}
		kept.WriteString(" " + string(key) + `="` + html.EscapeString(text) + `"`)
	}
	if !dropped {
		out.Write(raw)
		return
	}
	out.WriteString("<" + string(name) + kept.String() + ">")
}

// each calls f for every token of source. raw is valid during the call.
func each(source []byte, f func(kind nethtml.TokenType, raw []byte, z *nethtml.Tokenizer)) {
	z := nethtml.NewTokenizer(bytes.NewReader(source))
	for {
		kind := z.Next()
		if kind == nethtml.ErrorToken {
			return
		}
		raw := append([]byte(nil), z.Raw()...) // reading a tag's attributes changes it
		f(kind, raw, z)
	}
}
