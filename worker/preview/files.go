package preview

import (
	"strings"

	"github.com/heraldsend/herald/render/catalog"
	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/message"
)

// AttachmentMeter shows a message's attachments and the limits that sending keeps.
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

// attached shows a content's attachments and the limits of its channel.
func attached(channel message.Channel, files []catalog.Attachment) AttachmentMeter {
	policy := attach.Single(channel)
	out := AttachmentMeter{List: []MeteredFile{}, MaxTotal: policy.MaxTotal}
	most := policy.MaxFile
	if most == 0 {
		most = policy.MaxTotal
	}
	for _, file := range files {
		kind, _, _ := strings.Cut(file.Type, ";")
		out.List = append(out.List, MeteredFile{Name: file.Name, Type: kind, Size: int64(file.Size), Max: most})
		out.Total += int64(file.Size)
	}
	return out
}
