package cloud

import (
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// An interface as a template's version says it, and as a new one asks for it.
type (
	interfaceSaid  = types.LaunchTemplateInstanceNetworkInterfaceSpecification
	interfaceAsked = types.LaunchTemplateInstanceNetworkInterfaceSpecificationRequest
)

func interfaceRequest(n interfaceSaid) interfaceAsked {
	return interfaceAsked{
		AssociateCarrierIpAddress:       n.AssociateCarrierIpAddress,
		AssociatePublicIpAddress:        n.AssociatePublicIpAddress,
		ConnectionTrackingSpecification: (*types.ConnectionTrackingSpecificationRequest)(n.ConnectionTrackingSpecification),
		DeleteOnTermination:             n.DeleteOnTermination,
		Description:                     n.Description,
		DeviceIndex:                     n.DeviceIndex,
		EnaQueueCount:                   n.EnaQueueCount,
		EnaSrdSpecification:             srdRequest(n.EnaSrdSpecification),
		Groups:                          n.Groups,
		InterfaceType:                   n.InterfaceType,
		Ipv4PrefixCount:                 n.Ipv4PrefixCount,
		Ipv4Prefixes:                    each(n.Ipv4Prefixes, prefixRequest),
		Ipv6AddressCount:                n.Ipv6AddressCount,
		Ipv6Addresses:                   each(n.Ipv6Addresses, addressRequest),
		Ipv6PrefixCount:                 n.Ipv6PrefixCount,
		Ipv6Prefixes:                    each(n.Ipv6Prefixes, longPrefixRequest),
		NetworkCardIndex:                n.NetworkCardIndex,
		NetworkInterfaceId:              n.NetworkInterfaceId,
		PrimaryIpv6:                     n.PrimaryIpv6,
		PrivateIpAddress:                n.PrivateIpAddress,
		PrivateIpAddresses:              n.PrivateIpAddresses,
		SecondaryPrivateIpAddressCount:  n.SecondaryPrivateIpAddressCount,
		SubnetId:                        n.SubnetId,
	}
}

func srdRequest(s *types.LaunchTemplateEnaSrdSpecification) *types.EnaSrdSpecificationRequest {
	if s == nil {
		return nil
	}
	return &types.EnaSrdSpecificationRequest{
		EnaSrdEnabled:          s.EnaSrdEnabled,
		EnaSrdUdpSpecification: (*types.EnaSrdUdpSpecificationRequest)(s.EnaSrdUdpSpecification),
	}
}

func prefixRequest(p types.Ipv4PrefixSpecificationResponse) types.Ipv4PrefixSpecificationRequest {
	return types.Ipv4PrefixSpecificationRequest(p)
}

func longPrefixRequest(p types.Ipv6PrefixSpecificationResponse) types.Ipv6PrefixSpecificationRequest {
	return types.Ipv6PrefixSpecificationRequest(p)
}

// addressRequest leaves out whether the address is the primary one, which the interface itself says.
func addressRequest(a types.InstanceIpv6Address) types.InstanceIpv6AddressRequest {
	return types.InstanceIpv6AddressRequest{Ipv6Address: a.Ipv6Address}
}

func secondaryRequest(
	s types.LaunchTemplateInstanceSecondaryInterfaceSpecification,
) types.LaunchTemplateInstanceSecondaryInterfaceSpecificationRequest {
	return types.LaunchTemplateInstanceSecondaryInterfaceSpecificationRequest{
		DeleteOnTermination:   s.DeleteOnTermination,
		DeviceIndex:           s.DeviceIndex,
		InterfaceType:         s.InterfaceType,
		NetworkCardIndex:      s.NetworkCardIndex,
		PrivateIpAddressCount: s.PrivateIpAddressCount,
		PrivateIpAddresses:    each(s.PrivateIpAddresses, secondaryAddressRequest),
		SecondarySubnetId:     s.SecondarySubnetId,
	}
}

func secondaryAddressRequest(
	a types.SecondaryInterfacePrivateIpAddressSpecification,
) types.SecondaryInterfacePrivateIpAddressSpecificationRequest {
	return types.SecondaryInterfacePrivateIpAddressSpecificationRequest(a)
}
