#!/bin/sh
. "${0%/*}/lib/tap.sh"
tiers plain
need unshare setpriv

mkdir -m 1777 "$T/tmp"
demo() {
	TMPDIR=$T/tmp "$@" "$BUILD/demo/launch" sh "$TOP/demo/demo.sh" \
	    "$BUILD" >"$T/out" 2>&1
}

# A place in which no namespace can be made: its limits are 0.
cat >"$T/without" <<'EOF'
unshare -U --map-user="$(id -u)" --map-group="$(id -g)" --keep-caps sh -c '
    echo 0 >/proc/sys/user/max_user_namespaces &&
    echo 0 >/proc/sys/user/max_net_namespaces &&
    exec setpriv --ambient-caps=-all --inh-caps=-all \
	--bounding-set=-all "$@"' sh "$@"
EOF

shows() {
	out=$(cat "$T/out")
	like "$1: the page, from port $2" "$out" "Hello from uid $3 on port $2"
	like "$1: what is refused" "$out" "no rule lets uid $3 bind it"
	like "$1: a grant" "$out" "grant uid=$3 .* tcp $2 "
	like "$1: a denial" "$out" "deny uid=$3 .* reason=no-rule"
	like "$1: what to do next" "$out" "make install"
	is "$1: nothing is left" "$(ls "$T/tmp")" ""
}

user=$(id -u)
[ "$user" != 0 ] || user=1
ok "it ends well" demo env
case $(cat "$T/out") in
*"are forbidden here"*) shows "without namespaces" "[0-9]{5}" "$user" ;;
*) shows "in a namespace" 80 "$user" ;;
esac

# Root is never without: as another user then.
as_user=
[ "$(id -u)" != 0 ] ||
	as_user="setpriv --reuid=$user --regid=$user --clear-groups"
if $as_user test -x "$BUILD/demo/launch" -a -r "$TOP/demo/demo.sh" &&
	$as_user sh "$T/without" true 2>/dev/null; then
	# shellcheck disable=SC2086
	ok "it ends well where namespaces are forbidden" \
	    demo $as_user sh "$T/without"
	like "and says so" "$(cat "$T/out")" "Namespaces are forbidden here"
	shows "without namespaces" "[0-9]+" "$user"
else
	diag "uid $user cannot be kept from namespaces here"
fi

finish
