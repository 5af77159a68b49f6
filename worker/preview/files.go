package preview

import (
	"strings"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/message"
)

// AttachmentMeter is a message's attachments held against the limits that sending keeps.
type AttachmentMeter struct {
	List     []MeteredFile `json:"list"`
	Total    int64         `json:"total" doc:"Bytes of all files, decoded"`
	MaxTotal int64         `json:"maxTotal" doc:"Bytes that all files together may have"`
	Problem  string        `json:"problem,omitempty" doc:"Why this could not be sent"`
}

// MeteredFile is one attachment.
type MeteredFile struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Size int64  `json:"size" doc:"Bytes, decoded"`
	Max  int64  `json:"max" doc:"Bytes that one file may have"`
}

// Attached checks a content's attachments as sending does. The error says that the catalog lacks one.
func Attached(c *catalog.Catalog, channel catalog.Channel, files []catalog.Attachment) (AttachmentMeter, error) {
	policy := attach.For(message.Channel(channel))
	out := AttachmentMeter{List: []MeteredFile{}, MaxTotal: policy.MaxTotal}
	most := policy.MaxFile
	if most == 0 {
		most = policy.MaxTotal
	}
	checked := make([]attach.File, len(files))
	for i, file := range files {
		data, err := c.Attachment(file.SHA256)
		if err != nil {
			return out, err
		}
		kind, _, _ := strings.Cut(file.Type, ";")
		checked[i] = attach.File{Name: attach.CleanName(file.Name, i+1), Size: int64(len(data)), Head: data}
		out.List = append(out.List, MeteredFile{Name: file.Name, Type: kind, Size: int64(len(data)), Max: most})
		out.Total += int64(len(data))
	}
	if err := policy.Check(checked); err != nil {
		out.Problem = err.Error()
	}
	return out, nil
}
