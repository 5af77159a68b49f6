// Package topic holds the topics of messages: what a recipient can unsubscribe from without losing the rest. An operator
// defines them in one file (HERALD_TOPICS), the same for workers, API and commands:
//
//	{"default": "news", "topics": [
//	  {"name": "news", "kind": "marketing", "title": {"en": "News and offers", "de": "Neuigkeiten"}},
//	  {"name": "receipts", "kind": "transactional", "title": {"en": "Receipts"}}]}
//
// Who may be written to about one says worker/store/suppress.
package topic

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/strictjson"
)

// All stands for every topic.
const All = "*"

// Limits of the file.
const (
	MaxTopics = 100
	maxText   = 300     // characters of a title or description
	maxFile   = 1 << 20 // bytes
)

// Kind says whether recipients may refuse a topic.
type Kind string

// The kinds.
const (
	Marketing     Kind = "marketing"     // whoever unsubscribes gets no more
	Transactional Kind = "transactional" // what a recipient did asks for it: a receipt, a new password. Unsubscribing doesn't stop it
)

// Kinds are the choices.
var Kinds = []Kind{Marketing, Transactional}

// Topic is one of them.
type Topic struct {
	Name        string `json:"name"`
	Kind        Kind   `json:"kind"`
	Title       Texts  `json:"title"`                 // for recipients
	Description Texts  `json:"description,omitempty"` // what the messages are about, for recipients
	ListID      string `json:"listId,omitempty"`      // of its mails (RFC 2919)
}

// Texts are one text by language: "de", "pt-BR".
type Texts map[string]string

// Set are the topics of an installation. It doesn't change. A nil or empty Set has none.
type Set struct {
	Default string  `json:"default,omitempty"` // of messages that name none; where it is empty, these have no topic
	Topics  []Topic `json:"topics"`
}

// Open reads a file.
func Open(path string) (*Set, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("topics: %w", err)
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("topics: %s is larger than %d bytes", path, maxFile)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("topics: %w", err)
	}
	s, err := Read(data)
	if err != nil {
		return nil, fmt.Errorf("topics: %s: %w", path, err)
	}
	return s, nil
}

// Read reads the content of a file and reports every fault at once, as a fault.List.
func Read(data []byte) (*Set, error) {
	s := &Set{}
	if err := strictjson.Read(data, s, strictjson.Limits{}, strictjson.Leniency{}); err != nil {
		return nil, err
	}
	return s, s.Validate()
}

// Validate reports every fault at once, as a fault.List.
func (s *Set) Validate() error {
	var f fault.List
	if n := len(s.Topics); n == 0 || n > MaxTopics {
		f.Add("/topics", fault.OutOfRange, "%d topics: want 1 to %d", n, MaxTopics)
		return f
	}
	for i, t := range s.Topics {
		at := fault.Pointer("topics", i)
		f.Join(at, t.validate())
		if slices.ContainsFunc(s.Topics[:i], func(other Topic) bool { return other.Name == t.Name }) {
			f.Add(at+"/name", fault.Duplicate, "%s stands twice", fault.Quote(t.Name))
		}
	}
	if s.Default != "" {
		_, err := s.Find(s.Default)
		f.Join("/default", err)
	}
	return f.Err()
}

func (t Topic) validate() error {
	var f fault.List
	if t.Name == "" {
		f.Add("/name", fault.Missing, "missing")
	}
	f.Join("/name", message.CheckTopic(t.Name))
	if t.Kind == "" {
		f.Add("/kind", fault.Missing, "missing: %s", message.Join(Kinds, "or"))
	}
	message.CheckOneOf(&f, "/kind", t.Kind, Kinds)
	if len(t.Title) == 0 {
		f.Add("/title", fault.Missing, `missing: recipients see it, such as {"en": "News and offers"}`)
	}
	f.Join("/title", t.Title.validate())
	f.Join("/description", t.Description.validate())
	if t.ListID != "" {
		f.Join("/listId", message.CheckListID(t.ListID))
	}
	return f.Err()
}

var languagePattern = regexp.MustCompile(`^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*$`)

func (t Texts) validate() error {
	var f fault.List
	for _, language := range slices.Sorted(maps.Keys(t)) {
		at, text := fault.Pointer(language), t[language]
		if !languagePattern.MatchString(language) {
			f.Add(at, fault.BadLocale, "%s is not a language such as de or pt-BR", fault.Quote(language))
		}
		if strings.TrimSpace(text) == "" {
			f.Add(at, fault.Missing, "empty")
		} else if n := utf8.RuneCountInString(text); n > maxText {
			f.Add(at, fault.TooLong, "%d characters, at most %d", n, maxText)
		} else if err := address.CheckLine(text); err != nil {
			f.Add(at, fault.BadCharacter, "%v", err)
		}
	}
	return f.Err()
}

// In is the text in a language, or else in the language that it is a form of, in English, or in any. "" if there is none.
func (t Texts) In(language string) string {
	folded := make(map[string]string, len(t))
	for name, text := range t {
		folded[fold(name)] = text
	}
	for tag := fold(language); tag != ""; tag = tag[:max(0, strings.LastIndexByte(tag, '-'))] {
		if text, ok := folded[tag]; ok {
			return text
		}
	}
	if text, ok := folded["en"]; ok {
		return text
	}
	for _, name := range slices.Sorted(maps.Keys(folded)) {
		return folded[name]
	}
	return ""
}

func fold(language string) string {
	return strings.ToLower(strings.ReplaceAll(language, "_", "-"))
}

// Find is the topic of a name; of none, the default one, or a Topic without a name, from which one unsubscribes by
// unsubscribing from all. The error is a fault of the name, and an *Unknown.
func (s *Set) Find(name string) (Topic, error) {
	if name == "" && s != nil {
		name = s.Default
	}
	if name == "" {
		return Topic{Kind: Marketing}, nil
	}
	if s == nil || len(s.Topics) == 0 {
		return Topic{}, &Unknown{name, "there are no topics: define them in the file of HERALD_TOPICS"}
	}
	for _, t := range s.Topics {
		if t.Name == name {
			return t, nil
		}
	}
	names := s.Names()
	advice := "there are " + strings.Join(names, ", ")
	if meant := strictjson.Nearest(name, names); meant != "" {
		advice = fmt.Sprintf("did you mean %q?", meant)
	}
	return Topic{}, &Unknown{name, advice}
}

// Names are those of all topics, in the order of the file.
func (s *Set) Names() []string {
	if s == nil {
		return nil
	}
	names := make([]string, len(s.Topics))
	for i, t := range s.Topics {
		names[i] = t.Name
	}
	return names
}

// Marketing are the topics that recipients may refuse.
func (s *Set) Marketing() []Topic {
	if s == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(s.Topics), func(t Topic) bool { return t.Kind != Marketing })
}

// Unknown says that there is no such topic.
type Unknown struct{ Name, Advice string }

// Error implements error.
func (u *Unknown) Error() string { return u.fault().Detail }

// Unwrap is the fault of the name.
func (u *Unknown) Unwrap() error { return u.fault() }

func (u *Unknown) fault() fault.Fault {
	return fault.At("", fault.NotOneOf, "there is no topic %s; %s", fault.Quote(u.Name), u.Advice)
}

// Check finds what the topics have against a message with these labels, before it is enqueued, as a fault.List. unsubscribe
// says that it is to have a link.
func (s *Set) Check(l message.Labels, unsubscribe bool) error {
	var f fault.List
	if message.CheckTopic(l.Topic) != nil {
		return nil //nolint:nilerr // its Validate tells that
	}
	t, err := s.Find(l.Topic)
	if err != nil {
		f.Join("/topic", err)
		return f
	}
	if unsubscribe && t.Kind == Transactional {
		f.Add("/unsubscribe", fault.NotAllowed, "nobody can unsubscribe from the topic %s: it is transactional", t.Name)
	}
	return f.Err()
}

// ListIDWithin is the List-Id of the topic's mails: its own, or else its name within the one of the installation, so that
// <lists.fernhill.example> becomes <news.lists.fernhill.example>. Without a name it is that of the installation.
func (t Topic) ListIDWithin(base string) string {
	_, id, ok := strings.Cut(base, "<")
	if t.ListID != "" || t.Name == "" || !ok {
		return cmp.Or(t.ListID, base)
	}
	return "<" + t.Name + "." + id
}
