// The manifest by which agents find a service's API: GET /.well-known/ai-plugin.json.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace eventual {

/// How an agent proves itself to the service, as the manifest tells it. It enforces nothing: that
/// is middleware's.
enum class PluginAuth : std::uint8_t {
  none,
  bearer,  ///< each person gives a bearer token of their own
  basic,   ///< each person gives a name and a password
};

// In characters; what reads such manifests refuses or cuts longer ones.
inline constexpr std::size_t k_plugin_name_for_model_max = 50;
inline constexpr std::size_t k_plugin_name_for_human_max = 20;
inline constexpr std::size_t k_plugin_description_for_model_max = 8000;
inline constexpr std::size_t k_plugin_description_for_human_max = 100;

struct PluginOptions {
  std::string name_for_model;              ///< required; letters, digits and '_'
  std::string description_for_model;       ///< required; tells a model when and how to use it
  std::string name_for_human = {};         ///< empty: the service's name
  std::string description_for_human = {};  ///< empty: the service's description
  PluginAuth auth = PluginAuth::none;
  /// Of the OpenAPI document; one that begins with '/' is below the service's public URL.
  std::string openapi_url = "/openapi.json";
  std::string logo_url = {};  ///< likewise; left out when empty, as are the next two
  std::string contact_email = {};
  std::string legal_info_url = {};
};

}  // namespace eventual
