package link

import (
	"time"

	"github.com/heraldsend/herald/worker/message"
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
}

// Unsubscribe is the URL by which the owner of an address asks for no more on a channel: for people a page, for their
// mail programs one click (RFC 8058).
func (l *Links) Unsubscribe(c message.Channel, address, owner string) string {
	return l.link(unsubscribe, unsubscribeLife, unsubscribeRound, string(c), address, owner)
}

// ParseUnsubscribe reads the token of an unsubscribe link.
func (l *Links) ParseUnsubscribe(token string) (Subscriber, error) {
	fields, err := l.Verify(unsubscribe, token)
	if err != nil {
		return Subscriber{}, err
	}
	if len(fields) != 3 {
		return Subscriber{}, ErrInvalid
	}
	return Subscriber{message.Channel(fields[0]), fields[1], fields[2]}, nil
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
