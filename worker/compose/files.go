package compose

import (
	"context"
	"errors"
	"slices"

	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/link"
)

// Files are attachments that a policy allows, or the verdict that refuses them. Many messages may share them.
type Files struct {
	list    []message.Attachment
	refused *Verdict
}

// Find looks files up, in this order. The error is for what another attempt may fix: a *Trouble, or that of ctx.
func (c *Composer) Find(ctx context.Context, p attach.Policy, refs []message.Ref) (*Files, error) {
	if len(refs) == 0 {
		return &Files{}, nil
	}
	list, err := c.Attachments.Resolve(ctx, p, refs)
	if err == nil {
		return &Files{list: list}, nil
	}
	err = fileFault(ctx, err)
	var refused *Verdict
	if errors.As(err, &refused) {
		return &Files{refused: refused}, nil
	}
	return nil, err
}

// linkMedia gives links to the files of a message that carries addresses instead of bytes. The other side fetches the
// files from the API.
func (c *Composer) linkMedia(ctx context.Context, msg *message.Message) error {
	msg.Attachments = slices.Clone(msg.Attachments) // a bulk's messages share them
	for i := range msg.Attachments {
		file := &msg.Attachments[i]
		if file.URL != "" {
			continue
		}
		sha, err := c.Blobs.Put(ctx, file.Data, link.MediaLife)
		if err != nil {
			return fileFault(ctx, &attach.Error{
				Code: "attachment_missing", Name: file.Name, Reason: "could not be stored for the carrier", Temporary: true, Err: err,
			})
		}
		file.URL = c.Links.Media(link.File{Blob: sha, Name: file.Name, Type: file.Type})
	}
	return nil
}
