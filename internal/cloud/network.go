package cloud

import (
	"cmp"
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// Subnets returns those of the subnets that exist, or all of the region when none is named.
func (c *Client) Subnets(ctx context.Context, ids ...string) ([]fleet.Subnet, error) {
	var subnets []fleet.Subnet
	for filters := range filtered("subnet-id", ids) {
		in := &ec2.DescribeSubnetsInput{Filters: filters, MaxResults: aws.Int32(machinesPage)}
		for page, err := range pages(ctx, ec2.NewDescribeSubnetsPaginator(c.machines, in)) {
			if err != nil {
				return nil, err
			}
			for _, s := range page.Subnets {
				subnets = append(subnets, fleet.Subnet{
					ID:      aws.ToString(s.SubnetId),
					VPC:     aws.ToString(s.VpcId),
					Zone:    aws.ToString(s.AvailabilityZone),
					Free:    number(s.AvailableIpAddressCount),
					Default: aws.ToBool(s.DefaultForAz),
					Tags:    labels(s.Tags),
				})
			}
		}
	}
	return subnets, nil
}

// filtered asks in chunks for those that are named, or once for all when none is.
func filtered(name string, values []string) func(func([]types.Filter) bool) {
	return func(yield func([]types.Filter) bool) {
		if len(values) == 0 {
			yield(nil)
			return
		}
		for some := range slices.Chunk(values, valuesPerFilter) {
			if !yield(filter(name, some...)) {
				return
			}
		}
	}
}

// SecurityGroups returns those of the security groups that exist, or all of the region when none is named.
func (c *Client) SecurityGroups(ctx context.Context, ids ...string) ([]fleet.SecurityGroup, error) {
	var groups []fleet.SecurityGroup
	for filters := range filtered("group-id", ids) {
		in := &ec2.DescribeSecurityGroupsInput{Filters: filters, MaxResults: aws.Int32(machinesPage)}
		for page, err := range pages(ctx, ec2.NewDescribeSecurityGroupsPaginator(c.machines, in)) {
			if err != nil {
				return nil, err
			}
			for _, g := range page.SecurityGroups {
				groups = append(groups, fleet.SecurityGroup{
					ID:   aws.ToString(g.GroupId),
					Name: aws.ToString(g.GroupName),
					VPC:  aws.ToString(g.VpcId),
				})
			}
		}
	}
	return groups, nil
}

// Rules returns the rules of the security groups, in the order of their ids, which AWS does not promise.
func (c *Client) Rules(ctx context.Context, groups ...string) ([]fleet.Rule, error) {
	var rules []fleet.Rule
	for some := range slices.Chunk(groups, valuesPerFilter) {
		in := &ec2.DescribeSecurityGroupRulesInput{Filters: filter("group-id", some...), MaxResults: aws.Int32(machinesPage)}
		for page, err := range pages(ctx, ec2.NewDescribeSecurityGroupRulesPaginator(c.machines, in)) {
			if err != nil {
				return nil, err
			}
			for _, r := range page.SecurityGroupRules {
				rules = append(rules, ruleOf(r))
			}
		}
	}
	slices.SortFunc(rules, func(a, b fleet.Rule) int { return cmp.Compare(a.ID, b.ID) })
	return rules, nil
}

func ruleOf(r types.SecurityGroupRule) fleet.Rule {
	rule := fleet.Rule{
		ID:       aws.ToString(r.SecurityGroupRuleId),
		Group:    aws.ToString(r.GroupId),
		Egress:   aws.ToBool(r.IsEgress),
		Protocol: aws.ToString(r.IpProtocol),
		From:     number(r.FromPort),
		To:       number(r.ToPort),
		Peer:     cmp.Or(aws.ToString(r.CidrIpv4), aws.ToString(r.CidrIpv6), aws.ToString(r.PrefixListId)),
		Text:     aws.ToString(r.Description),
	}
	if other := r.ReferencedGroupInfo; other != nil {
		rule.Peer = aws.ToString(other.GroupId)
	}
	return rule
}

// KeyPairs returns the names of the region's key pairs, in order.
func (c *Client) KeyPairs(ctx context.Context) ([]string, error) {
	out, err := c.machines.DescribeKeyPairs(ctx, &ec2.DescribeKeyPairsInput{})
	if err != nil {
		return nil, failure(err)
	}
	var names []string
	for _, k := range out.KeyPairs {
		names = append(names, aws.ToString(k.KeyName))
	}
	slices.Sort(names)
	return names, nil
}
