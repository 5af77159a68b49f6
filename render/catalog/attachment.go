package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"path"
	"slices"
	"strings"
)

// Attachment is a file that a shortcut attaches.
type Attachment struct {
	Name   string `json:"name"`
	Type   string `json:"type"`   // MIME type by the name's extension
	SHA256 string `json:"sha256"` // hex, of the content
	Size   int    `json:"size"`   // bytes

	// ContentID is set for a picture within the HTML of emails, which refers to it by "cid:".
	ContentID string `json:"contentId,omitempty"`
}

const maxAttachment = 32 << 20 // read into memory; delivery has its own limits

// Attachments lists the files that shortcuts may attach, sorted by name.
func (c *Catalog) Attachments() []Attachment {
	out := make([]Attachment, 0, len(c.attachments))
	for _, name := range slices.Sorted(maps.Keys(c.attachments)) {
		out = append(out, c.attachments[name])
	}
	return out
}

// FindAttachment returns the file of that name.
func (c *Catalog) FindAttachment(name string) (Attachment, bool) {
	a, ok := c.attachments[name]
	return a, ok
}

// Attachment returns the content of a file by the hash that a Bundle gives.
// The caller must not change it.
func (c *Catalog) Attachment(sha256 string) ([]byte, error) {
	if data, ok := c.blobs[sha256]; ok {
		return data, nil
	}
	return nil, &UnknownError{Kind: "attachment", Name: sha256}
}

func (l *loader) attachment(file string, data []byte) {
	name := path.Base(file)
	if path.Dir(file) != "attachments" {
		l.fault(file, textPos{}, "attachment_name", "attachments has no folders within")
		return
	}
	sum := sha256.Sum256(data)
	a := Attachment{Name: name, Type: typeByName(name), SHA256: hex.EncodeToString(sum[:]), Size: len(data)}
	l.catalog.attachments[name] = a
	l.catalog.blobs[a.SHA256] = data
}

// typeByName gives the MIME type of the types that shortcuts may attach; it
// does not depend on the machine.
func typeByName(name string) string {
	types := map[string]string{
		".pdf": "application/pdf", ".doc": "application/msword",
		".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
		".xls":  "application/vnd.ms-excel",
		".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
		".zip":  "application/zip", ".txt": "text/plain; charset=utf-8", ".mov": "video/quicktime",
		".mp4": "video/mp4", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif",
	}
	if t, ok := types[strings.ToLower(path.Ext(name))]; ok {
		return t
	}
	return "application/octet-stream"
}
