package awssim

import (
	"slices"
	"time"
)

// rerooting is how long a root volume replacement takes.
const rerooting = 90 * time.Second

// reroot replaces the root volume: same instance, same addresses, new image.
func (r *refresh) reroot(s *seat) {
	g, c := r.group, r.group.fleet.cloud
	s.lifecycle = seatRootVolume
	s.opened = g.begin("Replacing the root volume of EC2 instance: "+s.instance.id,
		c.clockPhrase()+" a root volume was replaced in response to an instance refresh.", s.instance.zone)
	s.drain()
	c.after(rerooting, func() {
		if s.lifecycle != seatRootVolume {
			return
		}
		made, img, err := g.fleet.recipe(g.current(), 0)
		if err != nil {
			s.opened.fail(c.now, err.Error())
			s.leave(c.clockPhrase() + " an instance was taken out of service after its root volume could not be replaced.")
			return
		}
		s.instance.image, s.override, s.template = img.id, made.override, made.template
		s.generation = r.generation
		s.instance.newRoot(img)
		s.serve()
	})
}

// newRoot gives the instance a root volume from an image, in place of the one that it had, which is deleted. It keeps
// everything else.
func (i *instance) newRoot(img *image) {
	at := slices.IndexFunc(img.disks, func(d imageDisk) bool { return d.device == img.root })
	for n, d := range i.disks {
		if d.device != i.rootDevice || at < 0 {
			continue
		}
		delete(i.fleet.volumes, d.volume)
		root := img.disks[at]
		v := i.fleet.newVolume(i.zone, root.kind, root.snapshot, root.size)
		v.state, v.instance, v.device, v.attached, v.delete, v.encrypted = "in-use", i.id, d.device, i.fleet.cloud.now, d.delete, root.encrypted
		i.disks[n] = disk{device: d.device, volume: v.id, attached: v.attached, delete: d.delete}
	}
	i.fleet.cloud.tell(Change{Kind: Rerooted, Instance: i.id, Image: img.id, Source: img.view()})
	i.restart()
}
