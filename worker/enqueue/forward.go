package enqueue

import (
	"context"
	"fmt"

	"github.com/heraldsend/herald/worker/bulk"
	"github.com/heraldsend/herald/worker/conversation"
	"github.com/heraldsend/herald/worker/store/blob"
	"github.com/heraldsend/herald/worker/task"
)

// Forward enqueues a transcript of a conversation, given as JSON in the form of package conversation, and returns the
// forward's id, a fresh one where f has none. It sets f.Conversation
// and f.ConversationID itself. Every mistake that needs no template to be
// seen is found here, and nothing is stored then. As with Message, the same again is harmless, and something else under
// the same id is ErrConflict. MessageStatus tells what became of it.
func (c *Client) Forward(ctx context.Context, f task.Forward, talk []byte) (string, error) {
	if f.ID == "" {
		f.ID = NewID()
	}
	read, err := conversation.Read(talk)
	if err != nil {
		return "", fmt.Errorf("conversation: %w", err)
	}
	if _, err := read.Choose(f.Attachments); err != nil {
		return "", err
	}
	kept, err := read.Encode() // neither notes nor what nobody reads is stored
	if err != nil {
		return "", err
	}
	packed, err := conversation.Pack(kept)
	if err != nil {
		return "", err
	}
	f.Conversation, f.ConversationID = blob.Hash(packed), read.ID
	data, err := task.Encode(f)
	if err != nil {
		return "", err
	}
	longer, err := ahead(f.SendAt)
	if err != nil {
		return "", err
	}
	if _, err := c.blobs.Put(ctx, packed, bulk.Retention+longer); err != nil {
		return "", err
	}
	if err := c.once(ctx, f.ID, data, f, f.SendAt); err != nil {
		return "", err
	}
	return f.ID, nil
}
