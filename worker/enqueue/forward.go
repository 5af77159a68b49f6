package enqueue

import (
	"context"

	"github.com/heraldsend/herald/worker/conversation"
	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/store/blob"
	"github.com/heraldsend/herald/worker/task"
)

// CheckForward finds every fault of a forward that shows without its templates, and reads its conversation. The
// faults of the conversation begin at /conversation. f.Conversation need not be set.
func CheckForward(f task.Forward, talk []byte) (*conversation.Conversation, error) {
	var faults fault.List
	if f.Conversation == "" {
		f.Conversation = blob.Hash(talk)
	}
	faults.Join("", f.Validate())
	read, err := conversation.Read(talk)
	if err != nil {
		faults.Join("/conversation", err)
	} else {
		_, err = read.Choose(f.Attachments)
		faults.Join("/attachments", err)
	}
	faults.Join("/sendAt", checkAhead(f.SendAt))
	return read, faults.Err()
}

// Forward enqueues a transcript of a conversation, which is given as JSON in the form of package conversation. It
// returns the id of the forward, a fresh one if f has none, and sets f.Conversation and f.ConversationID itself. It
// finds every fault that shows without templates; then nothing is stored. As with Message, the same forward again is
// harmless, and another one under the same id is ErrConflict. ForwardStatus reads its state.
func (c *Client) Forward(ctx context.Context, f task.Forward, talk []byte) (string, error) {
	r, err := c.EnqueueForward(ctx, f, talk)
	return r.ID, err
}

// EnqueueForward is Forward that also says whether the forward was there before.
func (c *Client) EnqueueForward(ctx context.Context, f task.Forward, talk []byte) (Receipt, error) {
	if f.ID == "" {
		f.ID = NewID()
	}
	read, err := CheckForward(f, talk)
	if err != nil {
		return Receipt{}, err
	}
	kept, err := read.Encode() // neither notes nor unread fields are stored
	if err != nil {
		return Receipt{}, err
	}
	packed, err := conversation.Pack(kept)
	if err != nil {
		return Receipt{}, err
	}
	f.Conversation, f.ConversationID = blob.Hash(packed), read.ID
	if err := f.Validate(); err != nil {
		return Receipt{}, err
	}
	if _, err := c.blobs.Put(ctx, packed, c.Retention()+ahead(f.SendAt)); err != nil {
		return Receipt{}, err
	}
	fresh, err := c.once(ctx, f, f.SendAt)
	if err != nil {
		return Receipt{}, err
	}
	return Receipt{ID: f.ID, Already: !fresh}, nil
}
