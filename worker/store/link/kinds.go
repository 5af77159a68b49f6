package link

import (
	"strings"
	"time"

	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/topic"
)

// How long links are good, at least. A link's end is rounded up, so that all links of a bulk, and of a message that is
// sent again the next day, are alike.
const (
	unsubscribeLife  = 400 * 24 * time.Hour
	unsubscribeRound = 32 * 24 * time.Hour
	mediaLife        = 48 * time.Hour
	mediaRound       = 24 * time.Hour

	// MediaLife is how long a link to a file is good, at most.
	MediaLife = mediaLife + mediaRound
)

// The purposes, which are the paths below the public URL too.
const (
	unsubscribe = "unsubscribe"
	media       = "media"
)

func (l *Links) link(purpose string, life, round time.Duration, fields ...string) string {
	until := l.now().Add(life + round - 1).Truncate(round)
	return l.base + "/" + purpose + "/" + l.Sign(purpose, fields, until)
}

// Subscriber is who may unsubscribe by a link.
type Subscriber struct {
	Channel message.Channel
	Address string
	Owner   string // the message that the link stood in; of an older link, its bulk
	// Topic is what the message was about; that of an older link is topic.All.
	Topic  string
	Locale string // the message's language
	Sender string // who sent it, for people; an older link has neither
}

// Unsubscribe is the URL by which the owner of an address asks for no more on a channel: for people a page, for their
// mail programs one click (RFC 8058).
func (l *Links) Unsubscribe(s Subscriber) string {
	return l.link(unsubscribe, unsubscribeLife, unsubscribeRound, string(s.Channel), s.Address, s.Owner, s.Topic, s.Locale, cut(s.Sender))
}

// maxSender is how many bytes of a sender's name a link holds: it stands in a header, and in the text.
const maxSender = 60

func cut(name string) string {
	if len(name) <= maxSender {
		return name
	}
	return strings.ToValidUTF8(name[:maxSender], "") + "…"
}

// ParseUnsubscribe reads the token of an unsubscribe link.
func (l *Links) ParseUnsubscribe(token string) (Subscriber, error) {
	fields, err := l.Verify(unsubscribe, token)
	if err != nil {
		return Subscriber{}, err
	}
	switch len(fields) {
	case 3: // of an older version, which knew no topics
		return Subscriber{Channel: message.Channel(fields[0]), Address: fields[1], Owner: fields[2], Topic: topic.All}, nil
	case 6:
		return Subscriber{message.Channel(fields[0]), fields[1], fields[2], fields[3], fields[4], fields[5]}, nil
	}
	return Subscriber{}, ErrInvalid
}

// File is a stored file that a link leads to.
type File struct {
	Blob string // as worker/store/blob names it
	Name string
	Type string // media type
}

// Media is the URL by which a carrier fetches a file.
func (l *Links) Media(f File) string {
	return l.link(media, mediaLife, mediaRound, f.Blob, f.Name, f.Type)
}

// ParseMedia reads the token of a media link.
func (l *Links) ParseMedia(token string) (File, error) {
	fields, err := l.Verify(media, token)
	if err != nil {
		return File{}, err
	}
	if len(fields) != 3 {
		return File{}, ErrInvalid
	}
	return File{fields[0], fields[1], fields[2]}, nil
}
