package email

import (
	"container/list"
	"sync"

	"github.com/heraldsend/herald/worker/message"
)

// fileCache keeps encoded attachments, so that a bulk encodes each of its files once and all its mails share the
// bytes. It holds at most size bytes and forgets what was not used for longest. Safe for concurrent use.
type fileCache struct {
	size int64

	mu    sync.Mutex
	used  int64
	parts map[fileKey]*list.Element
	order *list.List // of *filePart, the last used in front
}

// fileKey is all that an encoded part depends on.
type fileKey struct {
	sha256, name, kind, contentID string
	length                        int
	inline                        bool
}

type filePart struct {
	key   fileKey
	once  sync.Once
	bytes []byte
}

func newFileCache(size int64) *fileCache {
	return &fileCache{size: size, parts: map[fileKey]*list.Element{}, order: list.New()}
}

// get gives the attachment as a MIME part, header and base64, to be read only. Without a hash it is encoded anew.
func (c *fileCache) get(a *message.Attachment) []byte {
	if a.SHA256 == "" || int64(base64Size(len(a.Data))) > c.size {
		return encodeFile(a)
	}
	part := c.part(fileKey{a.SHA256, a.Name, a.Type, a.ContentID, len(a.Data), a.Inline}, int64(base64Size(len(a.Data))))
	part.once.Do(func() { part.bytes = encodeFile(a) })
	return part.bytes
}

func (c *fileCache) part(key fileKey, cost int64) *filePart {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.parts[key]; e != nil {
		c.order.MoveToFront(e)
		return e.Value.(*filePart)
	}
	part := &filePart{key: key}
	c.parts[key] = c.order.PushFront(part)
	for c.used += cost; c.used > c.size; {
		oldest := c.order.Remove(c.order.Back()).(*filePart)
		delete(c.parts, oldest.key)
		c.used -= int64(base64Size(oldest.key.length))
	}
	return part
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
