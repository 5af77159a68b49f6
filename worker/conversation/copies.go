package conversation

import (
	"slices"
	"strings"
	"time"
)

// Exchanged returns all messages between customer and team, also of merged conversations, in no particular order,
// without notes and private messages. A message that is there twice, in a conversation and in one that was merged into
// it, is returned once.
func (c *Conversation) Exchanged() []*Message {
	all := c.messages(nil)
	private := map[string]bool{}
	for _, m := range all {
		if m.IsNote() {
			private[m.ID] = true
		}
	}
	ranked := slices.Clone(all)
	slices.SortStableFunc(ranked, func(a, b *Message) int { return b.privacy() - a.privacy() })
	kept := make(map[*Message]bool, len(all))
	seen := seen{}
	for _, m := range ranked {
		kept[m] = !m.IsNote() && (m.ID == "" || !private[m.ID] && !seen.before(m))
	}
	return slices.DeleteFunc(all, func(m *Message) bool { return !kept[m] })
}

func (c *Conversation) messages(all []*Message) []*Message {
	for i := range c.Messages {
		all = append(all, &c.Messages[i])
	}
	for i := range c.Merged {
		all = c.Merged[i].messages(all)
	}
	return all
}

// seen are messages with ids, in the ways in which copies are recognised. Ids alone don't suffice: they may begin anew in
// each conversation, and then another message would be lost.
type seen map[any]bool

type (
	seenAt struct {
		id, direction string
		second        int64
	}
	seenText struct{ id, direction, body, html string }
)

// before says whether m is a copy of a message that was seen: it has the same id and direction, and the same text or, but for
// a second, the same time. If not, it is one from now on.
func (s seen) before(m *Message) bool {
	text := seenText{m.ID, m.Direction, m.Body, m.HTMLBody}
	if s[text] {
		return true
	}
	at := seenAt{m.ID, m.Direction, m.time().Unix()}
	for _, second := range []int64{at.second - 1, at.second, at.second + 1} {
		if s[seenAt{m.ID, m.Direction, second}] {
			return true
		}
	}
	s[text], s[at] = true, true
	return false
}

func (m *Message) time() time.Time {
	if !m.SentAt.At.IsZero() {
		return m.SentAt.At
	}
	return m.CreatedAt.At
}

// privacy is higher the less of a message may be shown.
func (m *Message) privacy() int {
	switch {
	case m.IsNote():
		return 3
	case m.Withheld():
		return 2
	case m.Touched():
		return 1
	}
	return 0
}

// settle makes all messages of an id as private as the most private of them, whatever else tells them apart: one that is
// withheld withholds all, and what is redacted in one is redacted in all. Notes do so in Exchanged.
func (c *Conversation) settle() {
	all := c.messages(nil)
	withheld, pieces := map[string]bool{}, map[string][]Redaction{}
	for _, m := range all {
		switch {
		case m.ID == "":
		case m.Withheld():
			withheld[m.ID] = true
		case m.Touched():
			pieces[m.ID] = append(pieces[m.ID], m.texts()...)
		}
	}
	for _, m := range all {
		switch {
		case withheld[m.ID]:
			m.Redacted, m.Redactions = true, nil
		case len(pieces[m.ID]) > 0 && !m.Touched():
			m.Redacted, m.Redactions = true, pieces[m.ID]
		}
	}
	c.absorb(all, withheld)
}

// absorb takes out withheld copies, and gives their text to the one that stays: it is looked for, too, and never shown.
func (c *Conversation) absorb(all []*Message, withheld map[string]bool) {
	if len(withheld) == 0 {
		return
	}
	kept := map[*Message]bool{}
	for _, m := range c.Exchanged() {
		kept[m] = true
	}
	absorbed, more := map[*Message]bool{}, map[string][]string{}
	for _, m := range all {
		if withheld[m.ID] && !kept[m] && !m.IsNote() {
			absorbed[m] = true
			more[m.ID] = append(more[m.ID], m.Subject, m.Preview, m.Body, m.HTMLBody)
		}
	}
	for _, m := range all {
		if texts := more[m.ID]; kept[m] && len(texts) > 0 {
			m.HTMLBody = strings.Join(append(texts, m.HTMLBody), "\n<br>\n")
			delete(more, m.ID)
		}
	}
	c.takeOut(absorbed)
}

func (c *Conversation) takeOut(these map[*Message]bool) {
	rest := make([]Message, 0, len(c.Messages))
	for i := range c.Messages {
		if !these[&c.Messages[i]] {
			rest = append(rest, c.Messages[i])
		}
	}
	c.Messages = rest
	for i := range c.Merged {
		c.Merged[i].takeOut(these)
	}
}

// texts are the redactions of a message as texts. Spans of HTML are as they stand there.
func (m *Message) texts() []Redaction {
	var out []Redaction
	for _, r := range m.Redactions {
		if r.Text != "" {
			out = append(out, Redaction{Text: r.Text})
		}
	}
	for field, spans := range m.Spans() {
		for _, s := range spans {
			out = append(out, Redaction{Text: (*field)[s.Start:s.End]})
		}
	}
	return out
}
