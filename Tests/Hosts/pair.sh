# shellcheck shell=bash
# Two hosts on one machine, for scripts that source this file: network namespaces joined by a link. Needs root.
#   make_hosts SUBNET     creates them; with 10.77.0 the hosts are $host_a (10.77.0.1) and $host_b (10.77.0.2), and the link's
#                         interfaces are col-a and col-b
#   remove_hosts
host_a="colonnade-a-$$" host_b="colonnade-b-$$"

make_hosts() {
    ip netns add "$host_a"
    ip netns add "$host_b"
    ip link add col-a netns "$host_a" type veth peer name col-b netns "$host_b"
    ip -n "$host_a" address add "$1.1/24" dev col-a
    ip -n "$host_b" address add "$1.2/24" dev col-b
    ip -n "$host_a" link set col-a up
    ip -n "$host_b" link set col-b up
    ip -n "$host_a" link set lo up
    ip -n "$host_b" link set lo up
}

remove_hosts() {
    ip netns delete "$host_a" 2>/dev/null || true
    ip netns delete "$host_b" 2>/dev/null || true
}
