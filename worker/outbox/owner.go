package outbox

import "github.com/heraldsend/herald/worker/task"

// told is a fact as its receiver knows it: ids as the caller gave them, and the owner beside them. One endpoint gets the
// events of all owners.
func told(f Fact) Fact {
	switch f := f.(type) {
	case Message:
		f.Owner, f.ID, f.Bulk = ownerOf(f.ID, f.Bulk)
		return f
	case Feedback:
		f.Owner, f.ID, f.Bulk = ownerOf(f.ID, f.Bulk)
		return f
	case Note:
		f.Owner, f.ID, f.Bulk = ownerOf(f.ID, f.Bulk)
		return f
	case Updated:
		f.Owner, f.Message, f.Bulk = ownerOf(f.Message, f.Bulk)
		return f
	case Forwarded:
		f.Owner, f.ID, _ = ownerOf(f.ID, "")
		return f
	case Bulk:
		f.Owner, f.ID, _ = ownerOf(f.ID, "")
		return f
	}
	return f
}

// ownerOf is the owner of a message or a bulk, and both ids without it.
func ownerOf(message, bulk string) (owner, messageID, bulkID string) {
	owner, messageID = task.SplitOwned(message)
	ofBulk, bulkID := task.SplitOwned(bulk)
	if owner == "" {
		owner = ofBulk
	}
	return owner, messageID, bulkID
}
