package awssim

import (
	"cmp"
	"maps"
)

// runInstances starts machines from a template, from the request, or from both, the request winning.
func runInstances(k *call) ([]elem, error) {
	least, most := k.num(0, "MinCount"), k.num(0, "MaxCount")
	if k.bad == nil && (least < 1 || most < least) {
		return nil, refuse("InvalidParameterValue", "MinCount must be at least 1 and MaxCount at least MinCount.")
	}
	return k.once(func() (func() []elem, error) {
		data, origin, err := k.launchData()
		if err != nil {
			return nil, err
		}
		kind := cmp.Or(data.str("InstanceType"), "m1.small")
		img, err := k.fleet.fit(data, kind)
		if err != nil {
			return nil, err
		}
		if limit := k.cloud.opts.InstanceLimit; k.fleet.running()+most > limit {
			return nil, refuse("InstanceLimitExceeded", "You have requested more instances (%d) than your current instance limit of %d allows.", most, limit)
		}
		if err := k.ready(); err != nil {
			return nil, err
		}
		started := k.startMany(img, data, kind, origin, most)
		return func() []elem { return k.fleet.reservation(started[0].reservation, started) }, nil
	})
}

// launchData merges the template a request names with the request itself. origin holds the tags EC2 adds.
func (k *call) launchData() (data *params, origin tags, err error) {
	own := k.p.clone()
	origin = tags{}
	for _, name := range []string{"Action", "Version", "LaunchTemplate", "MinCount", "MaxCount", "ClientToken", "DryRun"} {
		delete(own.kids, name)
	}
	if !k.p.has("LaunchTemplate") {
		return own, origin, nil
	}
	spec := readTemplateSpec(k.p.at("LaunchTemplate"))
	t, v, err := k.fleet.version(spec)
	if err != nil {
		return nil, nil, err
	}
	origin["aws:ec2launchtemplate:id"] = t.id
	origin["aws:ec2launchtemplate:version"] = v.text()
	return overlay(v.data, own), origin, nil
}

// overlay lays one tree over another; what both have at the top level is taken from the upper.
func overlay(lower, upper *params) *params {
	merged := lower.clone()
	for name, kid := range upper.kids {
		*merged.kid(name) = *kid.clone()
	}
	return merged
}

func (k *call) startMany(img *image, data *params, kind string, origin tags, count int) []*instance {
	labels := maps.Clone(origin)
	maps.Copy(labels, tagsFrom(data, "instance"))
	subnet := cmp.Or(data.str("SubnetId"), data.str("NetworkInterface", "1", "SubnetId"))
	if subnet == "" {
		subnet = k.fleet.subnetIn(cmp.Or(data.str("Placement", "AvailabilityZone"), k.fleet.region+"a"))
	}
	market := ""
	if data.str("InstanceMarketOptions", "MarketType") == "spot" {
		market = "spot"
	}
	reservation := k.cloud.id("r")
	started := make([]*instance, 0, count)
	for n := range count {
		started = append(started, k.fleet.start(img, launch{
			data: data, subnet: subnet, kind: kind, market: market, tags: maps.Clone(labels),
			token: k.p.str("ClientToken"), group: reservation, index: n,
			operator: k.p.str("Operator", "Principal"),
		}))
	}
	return started
}
