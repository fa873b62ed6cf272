// JSON Schemas (draft 2020-12) of descriptions.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "eventual/json.hpp"
#include "eventual/schema.hpp"
#include "schema/plan.hpp"

namespace eventual::schema {

/// Which types are definitions, to which the others refer.
enum class Sharing : std::uint8_t {
  recursive,  ///< structs that contain themselves; the others are written in place
  named,      ///< all structs and enums, so that several schemas may share them
};

/// Writes schemas and gathers the definitions that they refer to.
class SchemaWriter {
 public:
  /// `prefix` is where the definitions will stand.
  explicit SchemaWriter(Sharing sharing = Sharing::recursive, std::string prefix = "#/$defs/")
      : sharing_(sharing), prefix_(std::move(prefix)) {}

  /// Keeps a name for another definition.
  void reserve(std::string name) { reserved_.push_back(std::move(name)); }

  Json write(const TypeSchema& type);
  /// With what is said about the whole value.
  Json write(const TypeSchema& type, const Annotations& annotations);
  /// As the member of a body.
  Json write_member(const FieldPlan& field);
  /// As a value that is never null: one that is absent is left out.
  Json write_present(const FieldPlan& field);

  /// Null when there are none.
  const Json& definitions() const noexcept { return definitions_; }

 private:
  Json write_object(const TypeSchema& type);
  Json write_object_body(const TypeSchema& type);
  Json write_shared(const TypeSchema& type, const std::string& type_name);
  Json reference(const TypeSchema& type, const std::string& type_name);
  const std::string& definition_name(const TypeSchema& type, const std::string& type_name);
  bool is_taken(const std::string& name) const;

  Sharing sharing_;
  std::string prefix_;
  std::vector<std::string> reserved_;
  std::vector<const TypeSchema*> open_;
  std::map<const TypeSchema*, std::string> names_;  // of those in definitions_
  Json definitions_;
};

}  // namespace eventual::schema
