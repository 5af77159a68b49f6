package transcript

import (
	"html"
	"strings"
)

// place puts the disguised secret somewhere into a conversation.
type place struct {
	name string
	put  func(s *scene)
}

func (s *scene) text() string { return s.disguise.text(s.rng, s.secret) }

func (s *scene) html() string { return s.disguise.inHTML(s.rng, s.secret) }

// add adds to a message: to its HTML, if it has that.
func (s *scene) add(m object, text string) {
	if before, ok := m["htmlBody"].(string); ok {
		m["htmlBody"] = before + strings.ReplaceAll(html.EscapeString(text), "\n", "<br>\n")
		return
	}
	m["body"] = m["body"].(string) + text
}

// htmlBody makes the text of a message HTML, with more of it.
func (s *scene) htmlBody(m object, more string) {
	if before, ok := m["htmlBody"].(string); ok {
		m["htmlBody"] = before + more
		return
	}
	lines := strings.Split(m["body"].(string), "\n")
	m["htmlBody"] = "<p>" + strings.Join(strings.Split(html.EscapeString(strings.Join(lines, "\n")), "\n"), "<br>\n") + "</p>" + more
	m["body"] = ""
}

var places = []place{
	{"body", func(s *scene) { s.add(s.reply, "\nYou said "+s.text()+" there.") }},
	{"body of a merged conversation", func(s *scene) { s.add(s.merged, "\nYou said "+s.text()+" there.") }},
	{"line of a body", func(s *scene) { s.add(s.reply, "\n"+s.text()) }},
	{"own body", func(s *scene) { s.add(s.source, "\nAgain: "+s.text()+"!") }},
	{"HTML", func(s *scene) { s.htmlBody(s.reply, "<p>You said "+s.html()+" there.</p>") }},
	{"HTML of a merged conversation", func(s *scene) { s.htmlBody(s.merged, "<ul><li>"+s.html()+"</li></ul>") }},
	{"table", func(s *scene) { s.htmlBody(s.reply, "<table><tr><td>"+s.html()+"</td><td>x</td></tr></table>") }},
	{"label of a link", func(s *scene) { s.htmlBody(s.reply, `<a href="https://x.example/a">`+s.html()+"</a>") }},
	{"query of a link", func(s *scene) {
		s.htmlBody(s.reply, `<p><a href="https://x.example/?c=`+html.EscapeString(s.disguise.inURL(s.rng, s.secret))+`&amp;d=1">here</a></p>`)
	}},
	{"path of a link", func(s *scene) {
		s.htmlBody(s.reply, `<p><a href="https://x.example/p/`+html.EscapeString(s.disguise.inURL(s.rng, s.secret))+`/q">here</a></p>`)
	}},
	{"address of a link", func(s *scene) {
		s.htmlBody(s.reply, `<p><a href="mailto:`+html.EscapeString(s.text())+`">here</a></p>`)
	}},
	{"link in text", func(s *scene) { s.add(s.reply, "\nhttps://x.example/?c="+s.disguise.inURL(s.rng, s.secret)) }},
	{"title", func(s *scene) {
		s.htmlBody(s.reply, `<p title="`+html.EscapeString(s.text())+`"><a href="https://x.example" title="`+html.EscapeString(s.text())+`">x</a></p>`)
	}},
	{"alternative text", func(s *scene) { s.htmlBody(s.reply, `<img src="cid:a@b" alt="My `+html.EscapeString(s.text())+`">`) }},
	{"name of a picture", func(s *scene) {
		s.htmlBody(s.reply, `<img src="https://x.example/`+html.EscapeString(s.disguise.inURL(s.rng, s.secret))+`.png">`)
	}},
	{"subject", func(s *scene) { s.reply["subject"] = "About " + s.text() + " again" }},
	{"preview", func(s *scene) {
		s.talk["messages"] = append(s.talk["messages"].([]any), object{"id": "m4", "direction": "in", "preview": "It is " + s.text() + " so"})
	}},
	{"author", func(s *scene) { s.reply["createdBy"] = object{"displayName": "Robin " + s.text() + " Hale"} }},
	{"file", func(s *scene) {
		s.reply["attachments"] = []any{object{"id": "f", "name": "scan " + s.text() + ".txt", "inline": "aGVsbG8="}}
		s.forward.Attachments = []string{"f"}
	}},
	{"name of the conversation", func(s *scene) { s.talk["name"] = "Case " + s.text() + " closed" }},
	{"name of a merged conversation", func(s *scene) { s.talk["mergedConversations"].([]any)[0].(object)["name"] = "Case " + s.text() }},
	{"customer", func(s *scene) {
		s.talk["customer"] = object{"name": "Ada", "custom": object{"note": "Ada " + s.text()}}
		s.forward.Introduction = "{{customer.custom.note}}"
	}},
	{"custom field", func(s *scene) {
		s.talk["custom"] = object{"a": []any{object{"b": s.text()}}}
		s.forward.Subject = "{{conversation.custom.a.0.b}}"
	}},
	{"divided by the layout", func(s *scene) {
		chars := []rune(s.secret)
		s.talk["custom"] = object{"a": string(chars[:len(chars)/2]), "b": string(chars[len(chars)/2:])}
		s.forward.Introduction = "{{conversation.custom.a}}{{conversation.custom.b}}"
	}},
}

// quoting are the ways in which mail programs quote; text quotes lines, html HTML.
var quoting = []struct {
	name string
	text func(lines string) string
	html func(markup string) string
}{
	{"marks", marked("> "), func(m string) string { return "<blockquote>" + m + "</blockquote>" }},
	{"marks twice", marked(">> "), func(m string) string { return "<blockquote><blockquote type=cite>" + m + "</blockquote></blockquote>" }},
	{"attribution", func(l string) string {
		return "On Tue, 3 Feb 2026 at 09:15, Ada <ada@x.example> wrote:\n\n" + marked("> ")(l)
	}, func(m string) string {
		return `<div class="gmail_quote"><div>On Tue, 3 Feb 2026 at 09:15, Ada &lt;<a href="mailto:ada@x.example">ada@x.example</a>&gt; wrote:<br></div><blockquote>` + m + "</blockquote></div>"
	}},
	{"attribution without marks", func(l string) string { return "Am 03.02.2026 um 09:15 schrieb Ada:\n" + l }, func(m string) string { return "<p>Am 03.02.2026 um 09:15 schrieb Ada:</p><div>" + m + "</div>" }},
	{"headers", func(l string) string {
		return "-----Original Message-----\nFrom: Ada\nSent: Tuesday\nTo: Robin\nSubject: hinge\n\n" + l
	}, func(m string) string {
		return "<div><hr><b>From:</b> Ada<br><b>Sent:</b> Tuesday<br><b>To:</b> Robin<br><b>Subject:</b> hinge<br></div><div>" + m + "</div>"
	}},
	{"none", func(l string) string { return l }, func(m string) string { return "<div>" + m + "</div>" }},
}

func marked(with string) func(string) string {
	return func(lines string) string { return with + strings.ReplaceAll(lines, "\n", "\n"+with) }
}

// quote adds a reply's quotation of the line in which the secret stood.
func (s *scene) quote() {
	style := quoting[s.rng.IntN(len(quoting))]
	s.note("quoted by " + style.name)
	if s.merged["htmlBody"] != nil || s.rng.IntN(2) == 0 {
		s.htmlBody(s.merged, style.html("It is "+s.html()+", ok?"))
		return
	}
	s.add(s.merged, "\n\n"+style.text("It is "+s.text()+", ok?"))
}
