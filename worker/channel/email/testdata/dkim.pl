# Verifies mails by Mail::DKIM: perl dkim.pl FOLDER. FOLDER/records has a line "NAME TAB RECORD" for each key.
# Prints a line for each mail: its file, and the result of its RSA signature. Ed25519 needs newer Perl modules than Debian has.
use strict;
use warnings;
use Mail::DKIM::Verifier;
use Net::DNS::RR;

my $folder = shift;
my %records;
open my $in, '<', "$folder/records" or die $!;
while (<$in>) { chomp; my ($name, $record) = split /\t/; $records{lc $name} = $record }
close $in;

no warnings 'redefine';
*Mail::DKIM::DNS::query = sub {
	my ($name) = @_;
	my $record = $records{lc $name} or return;
	return Net::DNS::RR->new(owner => $name, type => 'TXT', txtdata => [unpack '(A250)*', $record]);
};

for my $file (sort glob "$folder/*.eml") {
	my $verifier = Mail::DKIM::Verifier->new;
	open my $mail, '<:raw', $file or die $!;
	local $/;
	$verifier->PRINT(<$mail>);
	$verifier->CLOSE;
	close $mail;
	(my $name = $file) =~ s{.*/}{};
	print join(' ', $name, map { $_->result } grep { $_->algorithm =~ m{^rsa} } $verifier->signatures), "\n";
}
