package outbox

import "github.com/heraldsend/herald/worker/task"

// told is a fact as its receiver knows it: ids as the caller gave them, and the owner beside them, whose test it may be.
// One endpoint may get the events of all owners.
func told(f Fact) (as Fact, owner string, test bool) {
	switch f := f.(type) {
	case Message:
		f.Owner, test, f.ID, f.Bulk = ownerOf(f.ID, f.Bulk)
		return f, f.Owner, test
	case Feedback:
		f.Owner, test, f.ID, f.Bulk = ownerOf(f.ID, f.Bulk)
		return f, f.Owner, test
	case Note:
		f.Owner, test, f.ID, f.Bulk = ownerOf(f.ID, f.Bulk)
		return f, f.Owner, test
	case Updated:
		f.Owner, test, f.Message, f.Bulk = ownerOf(f.Message, f.Bulk)
		return f, f.Owner, test
	case Forwarded:
		f.Owner, test, f.ID, _ = ownerOf(f.ID, "")
		return f, f.Owner, test
	case Bulk:
		f.Owner, test, f.ID, _ = ownerOf(f.ID, "")
		return f, f.Owner, test
	}
	return f, "", false
}

// ownerOf is the owner of a message or a bulk, whether these are tests, and both ids without it.
func ownerOf(message, bulk string) (owner string, test bool, messageID, bulkID string) {
	owner, messageID = task.SplitOwned(message)
	ofBulk, bulkID := task.SplitOwned(bulk)
	if owner == "" {
		owner = ofBulk
	}
	owner, test = task.LiveOwner(owner)
	return owner, test, messageID, bulkID
}
