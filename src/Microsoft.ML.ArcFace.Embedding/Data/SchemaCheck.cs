using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.ArcFace.Data;

/// <summary>Finds the input columns of the image transforms, with ML.NET's errors where they do not fit.</summary>
internal static class SchemaCheck
{
    public const string ExpectedImage = "image";

    /// <summary>The column of that name.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is none, or it is of another kind.</exception>
    public static DataViewSchema.Column Find(IExceptionContext context, DataViewSchema schema, string name, string expected, Func<DataViewType, bool> accepts)
    {
        DataViewSchema.Column column = schema.GetColumnOrNull(name) ?? throw context.ExceptSchemaMismatch(nameof(schema), "input", name);
        return accepts(column.Type) ? column : throw context.ExceptSchemaMismatch(nameof(schema), "input", name, expected, column.Type.ToString()!);
    }

    /// <summary>The column of images of that name.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is none, or it is of another kind.</exception>
    public static DataViewSchema.Column FindImage(IExceptionContext context, DataViewSchema schema, string name) =>
        Find(context, schema, name, ExpectedImage, type => type is ImageDataViewType);

    /// <summary>The same check on an estimator's schema.</summary>
    public static void Check(IExceptionContext context, SchemaShape schema, string name, string expected, Func<SchemaShape.Column, bool> accepts)
    {
        if (!schema.TryFindColumn(name, out SchemaShape.Column column))
        {
            throw context.ExceptSchemaMismatch(nameof(schema), "input", name);
        }

        if (!accepts(column))
        {
            throw context.ExceptSchemaMismatch(nameof(schema), "input", name, expected, column.GetTypeString());
        }
    }

    /// <summary>The same check on an estimator's schema.</summary>
    public static void CheckImage(IExceptionContext context, SchemaShape schema, string name) =>
        Check(context, schema, name, ExpectedImage, column => column.Kind == SchemaShape.Column.VectorKind.Scalar && column.ItemType is ImageDataViewType);

    /// <summary>An estimator's schema with columns added, or put in the place of those of the same name.</summary>
    public static SchemaShape With(this SchemaShape schema, params IEnumerable<SchemaShape.Column> added)
    {
        Dictionary<string, SchemaShape.Column> columns = schema.ToDictionary(existing => existing.Name);
        foreach (SchemaShape.Column column in added)
        {
            columns[column.Name] = column;
        }

        return new SchemaShape(columns.Values);
    }
}
