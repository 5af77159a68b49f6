package attach

import (
	"errors"

	"github.com/heraldsend/herald/worker/fault"
	"github.com/heraldsend/herald/worker/message"
)

// CheckKnown finds what is wrong with the files of a message without reading any: it checks bytes in the references,
// and sizes of stored files. A size of 0 is a blob that is not stored; a blob without a size is not checked. The
// faults have places in refs, and the codes of Error.
func (p Policy) CheckKnown(refs []message.Ref, sizes map[string]int64) error {
	var faults fault.List
	left := p.MaxTotal
	for i, ref := range refs {
		file := File{Name: CleanName(nameOf(ref), i+1), Picture: ref.ContentID != ""}
		limit := p.limit(left)
		var err error
		size, stored := sizes[ref.Blob]
		switch {
		case ref.Inline != "":
			if file.Head, err = decode(ref.Inline, limit); errors.Is(err, errTooLarge) {
				err = p.over(file.Name, limit)
			} else if err == nil {
				file.Size = int64(len(file.Head))
				err = p.checkType(file)
			}
		case ref.Blob != "" && stored && size == 0:
			err = &Error{Code: "attachment_missing", Name: file.Name, Reason: "is not stored, or no longer"}
		case ref.Blob != "" && stored && size > limit:
			err = p.over(file.Name, limit)
		case ref.Blob != "" && stored:
			file.Size = size
		}
		left -= file.Size
		var known *Error
		if errors.As(err, &known) {
			faults.Add(fault.Pointer(i), known.Code, "%s", known.words())
		}
	}
	return faults.Err()
}
