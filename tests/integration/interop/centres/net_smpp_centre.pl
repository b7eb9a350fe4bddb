# A message centre by Net::SMPP for one bind: answers net-1, net-2 ... and reports each delivered.
use strict;
use warnings;
use Net::SMPP;

$| = 1;
my $listener = Net::SMPP->new_listen('127.0.0.1', port => 0, smpp_version => 0x34)
    or die "cannot listen: $!";
print 'port ', $listener->sockport, "\n";
my $link = $listener->accept or die "nobody came: $!";
$link->set_version(0x34);
my $last = 0;
while (my $pdu = $link->read_pdu) {
    my @seq = (seq => $pdu->{seq});
    my $command = Net::SMPP::pdu_tab->{ $pdu->{cmd} }{cmd};
    if ($command eq 'bind_transceiver') { $link->bind_transceiver_resp(system_id => 'net', @seq) }
    elsif ($command eq 'enquire_link')  { $link->enquire_link_resp(@seq) }
    elsif ($command eq 'unbind')        { $link->unbind_resp(@seq); last }
    elsif ($command eq 'submit_sm')     { submitted($pdu, @seq) }
}

sub submitted {
    my ($pdu, @seq) = @_;
    my $id = 'net-' . ++$last;
    print 'text ', unpack('H*', $pdu->{short_message}), " $pdu->{data_coding}\n";
    $link->submit_sm_resp(message_id => $id, @seq);
    $link->deliver_sm(
        source_addr => $pdu->{destination_addr},
        destination_addr => $pdu->{source_addr},
        esm_class => 4,
        short_message => "id:$id sub:001 dlvrd:001 submit date:2611281200 "
            . 'done date:2611281201 stat:DELIVRD err:000 text:',
    );
}
