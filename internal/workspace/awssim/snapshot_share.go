package awssim

import "slices"

// modifySnapshotAttribute says which other accounts may make volumes of a snapshot.
func modifySnapshotAttribute(k *call) ([]elem, error) {
	if err := k.need("SnapshotId"); err != nil {
		return nil, err
	}
	s, err := k.fleet.snapshot(k.p.str("SnapshotId"))
	if err != nil {
		return nil, err
	}
	add, remove := k.readers("Add"), k.readers("Remove")
	if len(add)+len(remove) == 0 {
		return nil, refuse("InvalidParameterCombination", "No attributes specified.")
	}
	for _, id := range slices.Concat(add, remove) {
		if id != "all" && len(id) != 12 {
			return nil, refuse("InvalidUserID.Malformed", "Invalid user id: \"%s\"", id)
		}
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	s.readers = slices.DeleteFunc(s.readers, func(id string) bool { return slices.Contains(remove, id) })
	for _, id := range add {
		if !slices.Contains(s.readers, id) {
			s.readers = append(s.readers, id)
		}
	}
	return []elem{flag("return", true)}, nil
}

// describeSnapshotAttribute tells which other accounts may make volumes of a snapshot.
func describeSnapshotAttribute(k *call) ([]elem, error) {
	if err := k.need("SnapshotId", "Attribute"); err != nil {
		return nil, err
	}
	s, err := k.fleet.snapshot(k.p.str("SnapshotId"))
	if err != nil {
		return nil, err
	}
	if name := k.p.str("Attribute"); name != "createVolumePermission" {
		return nil, refuse("InvalidParameterValue", "Value (%s) for parameter attribute is invalid. Unknown attribute.", name)
	}
	reader := func(id string) []elem {
		if id == "all" {
			return []elem{text("group", id)}
		}
		return []elem{text("userId", id)}
	}
	return []elem{text("snapshotId", s.id), set("createVolumePermission", s.readers, reader)}, nil
}

// readers are the accounts and groups of one part of a change: "Add" or "Remove".
func (k *call) readers(part string) []string {
	var all []string
	for _, p := range k.p.list("CreateVolumePermission", part) {
		if id := p.str("UserId"); id != "" {
			all = append(all, id)
		}
		if group := p.str("Group"); group != "" {
			all = append(all, group)
		}
	}
	return all
}
