using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.ML.ArcFace.Tool;

namespace Microsoft.ML.ArcFace.Tests.Tool;

/// <summary>What commands answer to programs has a context, and names in camelCase.</summary>
[TestClass]
public class ToolFactsTests
{
    private static readonly Type[] Facts = [.. typeof(ToolFacts).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(ToolFacts)))];

    [TestMethod]
    public void ToolJson_EveryFacts_IsListed()
    {
        Assert.IsGreaterThan(10, Facts.Length);
        Assert.IsEmpty(Facts.Where(type => ToolJson.Default.GetTypeInfo(type) is null).Select(type => type.Name).ToArray(), "List them in ToolJson.");
    }

    [TestMethod]
    public void ToolJson_EnumerationsAndProperties_AreCamelCase()
    {
        var seen = new HashSet<Type>();
        foreach (Type type in Facts)
        {
            AssertCamelCase(ToolJson.Default.GetTypeInfo(type)!, seen);
        }

        Assert.Contains(typeof(IdentificationOutcome), seen);
    }

    private static void AssertCamelCase(JsonTypeInfo info, HashSet<Type> seen)
    {
        Type type = Nullable.GetUnderlyingType(info.Type) ?? info.Type;
        if (!seen.Add(type))
        {
            return;
        }

        if (type.IsEnum)
        {
            string json = JsonSerializer.Serialize(Enum.GetValues(type).GetValue(0), ToolJson.Default.GetTypeInfo(type)!);
            Assert.IsTrue(json.Length > 2 && json[0] == '"' && char.IsLower(json[1]), $"{type.Name} is written as {json}: add a converter to ToolJson.");
            return;
        }

        foreach (JsonPropertyInfo property in info.Properties)
        {
            Assert.IsTrue(char.IsLower(property.Name[0]), $"{type.Name}.{property.Name}");
            Type held = property.PropertyType.IsArray ? property.PropertyType.GetElementType()! : property.PropertyType is { IsGenericType: true } list && Nullable.GetUnderlyingType(list) is null ? list.GetGenericArguments()[^1] : property.PropertyType;
            if (ToolJson.Default.GetTypeInfo(held) is { } inner)
            {
                AssertCamelCase(inner, seen);
            }
        }
    }
}
