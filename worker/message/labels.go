package message

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/heraldsend/herald/worker/fault"
)

// Limits of labels.
const (
	MaxTags      = 20
	MaxTag       = 64  // characters
	MaxMetadata  = 20  // entries
	MaxMetaKey   = 40  // bytes
	MaxMetaValue = 200 // characters
)

// The forms of names, for Validate and for descriptions of them.
const (
	TopicPattern   = `^[a-z0-9][a-z0-9_-]{0,39}$`
	MetaKeyPattern = `^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$`
)

var (
	topicPattern   = regexp.MustCompile(TopicPattern)
	metaKeyPattern = regexp.MustCompile(MetaKeyPattern)
)

// Labels are what a caller says of a message or a bulk besides what is sent: they come back in answers and events, and one
// can search by them.
type Labels struct {
	// Topic is what recipients can unsubscribe from, such as news; "" is the default one, where there is one.
	Topic    string            `json:"topic,omitempty"`
	Tags     []string          `json:"tags,omitempty"`
	Metadata map[string]string `json:"metadata,omitempty"` // the caller's own, such as an order's number
}

// Validate reports every fault at once, as a fault.List. It knows no topics: whether there is one of that name says
// package topic.
func (l Labels) Validate() error {
	var f fault.List
	f.Join("/topic", CheckTopic(l.Topic))
	f.Join("/tags", checkTags(l.Tags))
	f.Join("/metadata", checkMetadata(l.Metadata))
	return f.Err()
}

// CheckTopic reports whether a text may be the name of a topic; none is "".
func CheckTopic(name string) error {
	if name == "" || topicPattern.MatchString(name) {
		return nil
	}
	return fault.At("", fault.Malformed, "%s is not the name of a topic: want at most 40 lower-case letters, digits, - and _, such as news", fault.Quote(name))
}

func checkTags(tags []string) error {
	var f fault.List
	if n := len(tags); n > MaxTags {
		f.Add("", fault.TooMany, "%d tags, at most %d", n, MaxTags)
		return f
	}
	for i, tag := range tags {
		at := fault.Pointer(i)
		switch {
		case tag == "":
			f.Add(at, fault.Missing, "empty")
		case strings.TrimSpace(tag) != tag:
			f.Add(at, fault.Malformed, "begins or ends with a blank")
		case slices.Contains(tags[:i], tag):
			f.Add(at, fault.Duplicate, "%s stands twice", fault.Quote(tag))
		default:
			checkLine(&f, at, tag, MaxTag)
		}
	}
	return f.Err()
}

func checkMetadata(all map[string]string) error {
	var f fault.List
	if n := len(all); n > MaxMetadata {
		f.Add("", fault.TooMany, "%d entries, at most %d", n, MaxMetadata)
		return f
	}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		at := fault.Pointer(key)
		if !utf8.ValidString(key) || !metaKeyPattern.MatchString(key) {
			f.Add(at, fault.Malformed, "the key %s: want at most %d letters, digits, '.', '_' and '-', such as orderId", fault.Quote(key), MaxMetaKey)
			continue
		}
		checkLine(&f, at, all[key], MaxMetaValue)
	}
	return f.Err()
}
