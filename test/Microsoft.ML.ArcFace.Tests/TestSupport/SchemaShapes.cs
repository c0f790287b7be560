using System.Reflection;

namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>What ML.NET compares before it fits a pipeline.</summary>
internal static class SchemaShapes
{
    /// <summary>The shape of a schema, as ML.NET makes it.</summary>
    public static SchemaShape Of(DataViewSchema schema) =>
        (SchemaShape)typeof(SchemaShape).GetMethod("Create", BindingFlags.Static | BindingFlags.NonPublic)!.Invoke(null, [schema])!;

    /// <summary>A column with its annotations as text, to compare.</summary>
    public static string Describe(SchemaShape.Column column) =>
        $"{column.Name}: {column.Kind} {column.ItemType} key={column.IsKey} [{string.Join(", ", column.Annotations.Select(Describe).Order(StringComparer.Ordinal))}]";
}
