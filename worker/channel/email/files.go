package email

import (
	"fmt"

	"github.com/heraldsend/herald/worker/cache"
	"github.com/heraldsend/herald/worker/message"
)

// fileCache keeps encoded attachments, so that a bulk encodes each of its files once and all its mails share the bytes. It
// is safe for concurrent use.
type fileCache struct {
	parts *cache.Cache[fileKey, []byte] // their cost is their size
}

// fileKey is all that an encoded part depends on.
type fileKey struct {
	sha256, name, kind, contentID string
	length                        int
	inline                        bool
}

// newFileCache returns one of at most size bytes.
func newFileCache(size int64) *fileCache { return &fileCache{cache.New[fileKey, []byte](size)} }

// get gives the attachment as a MIME part, header and base64, to be read only. Without a hash it is encoded anew.
func (c *fileCache) get(a *message.Attachment) []byte {
	if a.SHA256 == "" {
		return encodeFile(a)
	}
	key := fileKey{a.SHA256, a.Name, a.Type, a.ContentID, len(a.Data), a.Inline}
	part, err := c.parts.GetAt(int64(base64Size(len(a.Data))), key, func() ([]byte, error) { return encodeFile(a), nil })
	if err != nil { // it panicked elsewhere
		return encodeFile(a)
	}
	return part
}

// nameOf names an encoded attachment by all that its bytes depend on; "" for one without a hash.
func nameOf(a *message.Attachment) string {
	if a.SHA256 == "" {
		return ""
	}
	return fmt.Sprintf("file %s %q %q %q %d %t\n", a.SHA256, a.Name, a.Type, a.ContentID, len(a.Data), a.Inline)
}

// encodeFile writes the part from its Content-Type to its last line.
func encodeFile(a *message.Attachment) []byte {
	b := make([]byte, 0, 1024+base64Size(len(a.Data)))
	b = append(append(b, "Content-Type: "...), a.Type...)
	b = append(b, "\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: "...)
	if a.Inline {
		b = append(b, "inline"...)
	} else {
		b = append(b, "attachment"...)
	}
	b = appendParameter(b, "filename", a.Name)
	if a.ContentID != "" {
		b = append(append(append(b, "\r\nContent-ID: <"...), a.ContentID...), '>')
	}
	return appendBase64(append(b, "\r\n\r\n"...), a.Data)
}
