package ledger

import (
	"context"
	"fmt"
)

// Take lets a running operation have one more resource than its own, as one does that works on several groups one
// after another. It returns the operation that has the resource: empty when that is this one by now, else whoever it
// has to wait for. Taking what one has is harmless. An operation that takes several at once must take them in an
// order of names, or two such wait for each other. What was taken is part of its history, and is given back
// with Drop, or when the operation ends.
func (l *Ledger) Take(ctx context.Context, t *Turn, resource string) (ID, error) {
	if resource == "" {
		return "", fmt.Errorf("take: %s names no resource", t.ID)
	}
	reply, err := l.run(ctx, call{script: "take", harmless: true, args: []any{string(t.ID), t.Epoch, t.Seq, resource}})
	if err != nil {
		return "", err
	}
	holder, ok := reply.(string)
	if !ok {
		return "", fmt.Errorf("take %s: strange reply %v", resource, reply)
	}
	if ID(holder) == t.ID {
		return "", nil
	}
	return ID(holder), nil
}

// Drop gives back a resource that was taken; the next in line starts. Dropping what one does not have is harmless.
func (l *Ledger) Drop(ctx context.Context, t *Turn, resource string) error {
	_, err := l.run(ctx, call{script: "drop", harmless: true, args: []any{string(t.ID), t.Epoch, t.Seq, resource}})
	return err
}
