// Under which addresses a machine is known to others.

#ifndef BASE_PARALLEL_OWN_ADDRESS_H_
#define BASE_PARALLEL_OWN_ADDRESS_H_

#include <string>

namespace vitrine {

// That of this machine from which messages to the host go out, in digits; empty if the name does
// not resolve or there is no way to it. Sends nothing.
std::string AddressTowards(const std::string& host, int port);

std::string HostName();

}  // namespace vitrine

#endif  // BASE_PARALLEL_OWN_ADDRESS_H_
