package worker

import (
	"context"
	"slices"

	"github.com/heraldsend/herald/worker/attach"
	"github.com/heraldsend/herald/worker/message"
	"github.com/heraldsend/herald/worker/store/link"
)

// linkMedia gives the files of an SMS, which carries addresses and no bytes, links at which the carrier fetches them from
// the API.
func (w *Worker) linkMedia(ctx context.Context, msg *message.Message) *outcome {
	msg.Attachments = slices.Clone(msg.Attachments) // a bulk's messages share them
	for i := range msg.Attachments {
		file := &msg.Attachments[i]
		if file.URL != "" {
			continue
		}
		sha, err := w.blobs.Put(ctx, file.Data, link.MediaLife)
		if err != nil {
			return outcomeOfAttach(ctx, &attach.Error{
				Code: "attachment_missing", Name: file.Name, Reason: "could not be stored for the carrier", Temporary: true, Err: err,
			})
		}
		file.URL = w.Links.Media(link.File{Blob: sha, Name: file.Name, Type: file.Type})
	}
	return nil
}
