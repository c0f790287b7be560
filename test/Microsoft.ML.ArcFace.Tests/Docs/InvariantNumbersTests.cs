using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Tests.Docs;

/// <summary>
/// Text of the library's code into which a number goes by the culture of the thread: interpolated strings without a culture,
/// ToString, string.Join and Append without one. Programs (the tool, the samples) set the invariant culture when they start.
/// </summary>
[TestClass]
public class InvariantNumbersTests
{
    [TestMethod]
    [DynamicData(nameof(Projects))]
    public void NumbersInText_Everywhere_HaveACulture(string project)
    {
        string[] found = [.. WithoutCulture(Libraries.SourcesOf(project).Select(file => (file, File.ReadAllText(file))), project)];
        Assert.IsEmpty(found, string.Join('\n', found));
    }

    [TestMethod]
    [DataRow("string T(double x) => $\"{x}\";", 1)]
    [DataRow("string T(double x) => $\"a\" + $\"{x:0.0}\";", 1)]
    [DataRow("string T(double? x) => string.Create(CultureInfo.InvariantCulture, $\"{(x is null ? \"\" : $\"{x}\")}\");", 1)]
    [DataRow("string T(int x) => $\"{x:N0}\";", 1)]
    [DataRow("string T(float x) => x.ToString();", 1)]
    [DataRow("string T(double x) => x.ToString(\"0.0\");", 1)]
    [DataRow("string T(double[] x) => string.Join(' ', x);", 1)]
    [DataRow("void T(StringBuilder s, double x) => s.Append(x);", 1)]
    [DataRow("string T(double x) => \"a\" + x;", 1)]
    [DataRow("string T(int x) => $\"{x} {x:x8}\" + x;", 0)]
    [DataRow("string T(double x) => string.Create(CultureInfo.InvariantCulture, $\"{x}\" + $\"{x:0}\");", 0)]
    [DataRow("string T(double x) => FormattableString.Invariant($\"{x}\");", 0)]
    [DataRow("string T(double x) => x.ToString(CultureInfo.InvariantCulture);", 0)]
    [DataRow("void T(StringBuilder s, double x) => s.Append(CultureInfo.InvariantCulture, $\"{x}\");", 0)]
    public void WithoutCulture_Example_IsFoundOrNot(string member, int expected) =>
        Assert.HasCount(expected, WithoutCulture([("Example.cs", $"using System.Text; using System.Globalization; class Example {{ {member} }}")]).ToArray());

    public static IEnumerable<object[]> Projects => Libraries.Names.Select(name => new object[] { name });

    private static IEnumerable<string> WithoutCulture(IEnumerable<(string Path, string Text)> files, string? project = null)
    {
        MetadataReference[] references =
        [
            .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
                .Where(path => File.Exists(path) && Path.GetFileNameWithoutExtension(path) != project)
                .Select(path => MetadataReference.CreateFromFile(path)),
        ];
        SyntaxTree[] trees = [.. files.Select(file => CSharpSyntaxTree.ParseText(file.Text, path: file.Path))];
        CSharpCompilation compilation = CSharpCompilation.Create(
            "Numbers", [.. trees, CSharpSyntaxTree.ParseText(SnippetTests.ImplicitUsings)], references, new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true));
        foreach (SyntaxTree tree in trees)
        {
            SemanticModel model = compilation.GetSemanticModel(tree);
            foreach (SyntaxNode node in tree.GetRoot().DescendantNodes().Where(node => FollowsTheThread(node, model)))
            {
                yield return $"{Path.GetFileName(tree.FilePath)}, line {tree.GetLineSpan(node.Span).StartLinePosition.Line + 1}: {node}";
            }
        }
    }

    private static bool FollowsTheThread(SyntaxNode node, SemanticModel model) => node switch
    {
        InterpolationSyntax hole => DependsOnCulture(model.GetTypeInfo(hole.Expression).Type, hole.FormatClause?.FormatStringToken.ValueText) && !HasCulture((InterpolatedStringExpressionSyntax)hole.Parent!, model),
        BinaryExpressionSyntax { RawKind: (int)SyntaxKind.AddExpression } sum => model.GetTypeInfo(sum).Type?.SpecialType == SpecialType.System_String
            && (DependsOnCulture(model.GetTypeInfo(sum.Left).Type) || DependsOnCulture(model.GetTypeInfo(sum.Right).Type)),
        InvocationExpressionSyntax call when model.GetSymbolInfo(call).Symbol is IMethodSymbol method => !method.Parameters.Any(IsCulture) && method switch
        {
            { Name: nameof(ToString) } => DependsOnCulture(method.ContainingType, call.ArgumentList.Arguments.Count == 0 ? null : (call.ArgumentList.Arguments[0].Expression as LiteralExpressionSyntax)?.Token.ValueText),
            { Name: nameof(string.Join), ContainingType.SpecialType: SpecialType.System_String } =>
                call.ArgumentList.Arguments.Skip(1).Any(argument => DependsOnCulture(ElementOf(model.GetTypeInfo(argument.Expression).Type))),
            { Name: "Append" or "Write" or "WriteLine", ContainingType.Name: "StringBuilder" or "TextWriter" or "Console", Parameters: [{ Type: var type }] } => DependsOnCulture(type),
            { Name: "Parse" or "TryParse" } => DependsOnCulture(method.ContainingType),
            _ => false,
        },
        _ => false,
    };

    /// <summary>Whether an interpolated string, alone or in a sum of them, becomes text by a culture that the code names.</summary>
    private static bool HasCulture(InterpolatedStringExpressionSyntax text, SemanticModel model)
    {
        SyntaxNode outermost = text;
        while (outermost.Parent is ParenthesizedExpressionSyntax or BinaryExpressionSyntax { RawKind: (int)SyntaxKind.AddExpression })
        {
            outermost = outermost.Parent;
        }

        if (outermost.Parent is not ArgumentSyntax { Parent.Parent: ExpressionSyntax call } argument
            || (model.GetSymbolInfo(call).Symbol ?? model.GetSymbolInfo(call).CandidateSymbols.FirstOrDefault()) is not IMethodSymbol method)
        {
            return model.GetTypeInfo(outermost).ConvertedType?.Name is nameof(FormattableString) or nameof(IFormattable);
        }

        int index = ((BaseArgumentListSyntax)argument.Parent!).Arguments.IndexOf(argument);
        IParameterSymbol parameter = argument.NameColon is { } name ? method.Parameters.Single(candidate => candidate.Name == name.Name.Identifier.ValueText) : method.Parameters[Math.Min(index, method.Parameters.Length - 1)];
        return method.Parameters.Any(IsCulture) || parameter.Type.Name is nameof(FormattableString) or nameof(IFormattable);
    }

    private static bool IsCulture(IParameterSymbol parameter) => parameter.Type.Name is nameof(IFormatProvider) or "CultureInfo" or "NumberFormatInfo";

    private static ITypeSymbol? ElementOf(ITypeSymbol? type) => type switch
    {
        IArrayTypeSymbol array => array.ElementType,
        INamedTypeSymbol { TypeArguments: [var element] } => element,
        _ => type,
    };

    private static bool DependsOnCulture(ITypeSymbol? type, string? format = null)
    {
        type = type is INamedTypeSymbol { OriginalDefinition.SpecialType: SpecialType.System_Nullable_T } nullable ? nullable.TypeArguments[0] : type;
        return type?.SpecialType switch
        {
            SpecialType.System_Double or SpecialType.System_Single or SpecialType.System_Decimal or SpecialType.System_DateTime => true,
            SpecialType.System_Int32 or SpecialType.System_Int64 or SpecialType.System_UInt32 or SpecialType.System_UInt64 or SpecialType.System_Int16 or SpecialType.System_Byte =>
                format is not null && (format[0] is 'N' or 'n' or 'P' or 'p' or 'F' or 'f' or 'C' or 'c' or 'E' or 'e' || format.Contains(',') || format.Contains('.')),
            _ => type?.Name is nameof(DateTimeOffset) or nameof(Half),
        };
    }
}
