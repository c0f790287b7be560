using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Tool;

namespace Microsoft.ML.ArcFace.Tests.Tool;

/// <summary>No name of C# comes through to the command line.</summary>
[TestClass]
public partial class ToolWordsTests
{
    private static readonly HashSet<string> Compound = [.. ToolWords.PublicNames().Where(name => ToolWords.IsCompound(name) && !ToolWords.OfThePapers.Contains(name))];

    [TestMethod]
    [DataRow("InitialWeights is empty; name a file, or leave it null.", "--weights is empty; name a file, or leave it out.")]
    [DataRow("MarginRadians is 9; it must be from 0 to 3.", "--margin is 9; it must be from 0 to 3.")]
    [DataRow("Epochs is 0; it must be from 1 to 100000.", "--epochs is 0; it must be from 1 to 100000.")]
    [DataRow("Mend or remove these files, or set UnreadableImages = UnreadableImages.Skip to train without them.", "Mend or remove these files, or give --skip-unusable to train without them.")]
    [DataRow("In the training set 2 of 9 rows have no photograph in the image column 'Image' (row 1, 2).", "In the training set 2 of 9 rows have no photograph (row 1, 2).")]
    [DataRow("give it another CheckpointDirectory, or set Resume = false, which replaces what is there", "give it another --checkpoints, or give --restart, which replaces what is there")]
    [DataRow("BatchSize is 3; with 4 photographs of each person (PhotographsPerPerson) it must be a multiple of 4.", "--batch is 3; with 4 photographs of each person (photographs per person) it must be a multiple of 4.")]
    [DataRow("'/data/BatchSize/EmbeddingSize.jpg' is damaged", "'/data/BatchSize/EmbeddingSize.jpg' is damaged")]
    [DataRow("/data/BatchSize/a.jpg is the person's ArcFace", "/data/BatchSize/a.jpg is the person's ArcFace")]
    [DataRow("TripletLoss with this mining", "triplet with this mining")]
    [DataRow("A gallery goes to --gallery (CreateGalleryFor); the model is a .zip.", "A gallery goes to --gallery; the model is a .zip.")]
    [DataRow("make a model of them with EmbedFaces and ml.Model.Save, or start a training from them (arcface train --weights, InitialWeights).", "start a training from them (arcface train --weights).")]
    [DataRow("a gallery (a SQLite file that arcface enroll or CreateGallery made)", "a gallery (a SQLite file that arcface enroll made)")]
    [DataRow("2 of the 3 pictures that the pairs name are missing in the column 'RelativePath': a/1.jpg", "2 of the 3 pictures that the pairs name are missing: a/1.jpg")]
    [DataRow("is UTF-16 without its mark; name its encoding (a parameter such as Encoding.Unicode; --encoding utf-16 on the command line)", "is UTF-16 without its mark; name its encoding (--encoding utf-16)")]
    [DataRow("the network is IResNet18 (r18). Set the network to BackboneArchitecture.MobileFaceNet (--backbone mbf), or give weights of IResNet18 (r18).", "the network is IResNet18 (r18). Give --backbone mbf, or give weights of IResNet18 (r18).")]
    [DataRow("at most 64 megapixels; make it smaller, around the face, or raise the maximum of pixels.", "at most 64 megapixels; make it smaller, around the face.")]
    [DataRow("of another run: Teacher.Weight is 3, it was 20; Teacher is another one; Loss.MarginRadians is 0.4, it was 0.5; Loss.Scale is 30, it was 64", "of another run: --teacher-weight is 3, it was 20; --teacher is another one; --margin is 0.4, it was 0.5; --scale is 30, it was 64")]
    [DataRow("UnlabeledViewShare is 0, so that nothing of UnlabeledPhotographs would be seen. Set it over 0, or leave these null.", "--teacher-views is 0, so that nothing of --unlabeled would be seen. Set it over 0, or leave these out.")]
    [DataRow("The loss became NaN in step 3", "The loss became NaN in step 3")]
    public void Of_MessageOfTheLibrary_SpeaksTheToolsWords(string message, string expected) => Assert.AreEqual(expected, ToolWords.Of(message));

    [TestMethod]
    public void Of_ArgumentException_DropsTheParameter()
    {
        Assert.AreEqual("Too few.", ToolWords.Of(new ArgumentException("Too few.", "faces")));
        Assert.AreEqual("--rate is 2; it must be below 1.", ToolWords.Of(new ArgumentOutOfRangeException("targetFalseMatchRate", 2, "targetFalseMatchRate is 2; it must be below 1.")));
    }

    [TestMethod]
    [DataRow(typeof(ArcFaceTrainer.Options))]
    [DataRow(typeof(FaceEmbedder.Options))]
    [DataRow(typeof(FaceGalleryOptions))]
    [DataRow(typeof(FaceReportOptions))]
    public void Of_EveryViolationOfOptions_NamesNoProperty(Type options)
    {
        MethodInfo violations = options.GetMethod("Violations", BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public)!;
        var seen = new List<string>();
        foreach (PropertyInfo property in options.GetProperties().Where(property => property.CanWrite))
        {
            foreach (object? bad in BadValues(Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType))
            {
                object made = Activator.CreateInstance(options)!;
                property.SetValue(made, bad);
                foreach (string violation in (IReadOnlyList<string>)violations.Invoke(made, [])!)
                {
                    seen.Add(violation);
                    AssertSpeaksTheToolsWords(violation);
                    Assert.DoesNotMatchRegex($@"\b{property.Name} is\b", ToolWords.Of(violation));
                }
            }
        }

        Assert.IsNotEmpty(seen);
    }

    [TestMethod]
    public void Of_EverySentenceOfTheLibrary_HasNoNameOfCSharp()
    {
        string[] sentences = [.. Sentences().Distinct()];
        Assert.IsGreaterThan(300, sentences.Length, "The sources were not read.");
        Assert.IsTrue(sentences.Any(sentence => sentence.Contains("CheckpointDirectory", StringComparison.Ordinal)));
        Array.ForEach(sentences, AssertSpeaksTheToolsWords);
    }

    private static void AssertSpeaksTheToolsWords(string message)
    {
        string said = Quoted().Replace(ToolWords.Of(message), "''");
        string[] names = [.. Word().Matches(said).Select(word => word.Value).Where(Compound.Contains)];
        Assert.IsEmpty(names, $"{message}\n→ {said}");
    }

    private static IEnumerable<object?> BadValues(Type type) =>
        type == typeof(string) ? ["", " "] : type == typeof(int) ? [-1, 0, int.MaxValue] : type == typeof(long) ? [-1L] : type == typeof(double) ? [-2.0, double.NaN, 1e9]
        : type.IsEnum ? [Enum.ToObject(type, 99)] : type == typeof(FaceLoss) ? [new ArcFaceLoss(-1), new TripletLoss(-1), new CosFaceLoss(-1) { Scale = -1 }] : type == typeof(byte[]) ? [new byte[3]] : [];

    /// <summary>All texts of the library's sources that could be read by somebody, with names in place of nameof and … in place of values.</summary>
    private static IEnumerable<string> Sentences()
    {
        // The tool opens no gallery on a server.
        foreach (string file in Libraries.Names.Where(name => name != "Microsoft.ML.ArcFace.Postgres").SelectMany(Libraries.SourcesOf))
        {
            foreach (ExpressionSyntax text in CSharpSyntaxTree.ParseText(File.ReadAllText(file)).GetRoot().DescendantNodes().OfType<ExpressionSyntax>())
            {
                if (text.Parent is not BinaryExpressionSyntax && TextOf(text) is { } sentence && sentence.Contains(' '))
                {
                    yield return sentence;
                }
            }
        }
    }

    private static string? TextOf(ExpressionSyntax expression) => expression switch
    {
        LiteralExpressionSyntax { RawKind: (int)SyntaxKind.StringLiteralExpression } literal => literal.Token.ValueText,
        InterpolatedStringExpressionSyntax interpolated => string.Concat(interpolated.Contents.Select(part => part switch
        {
            InterpolatedStringTextSyntax text => text.TextToken.ValueText,
            InterpolationSyntax { Expression: InvocationExpressionSyntax { Expression: IdentifierNameSyntax { Identifier.Text: "nameof" } } name } => name.ArgumentList.Arguments[0].ToString().Split('.')[^1],
            _ => "…",
        })),
        BinaryExpressionSyntax { RawKind: (int)SyntaxKind.AddExpression } sum when TextOf(sum.Left) is { } left && TextOf(sum.Right) is { } right => left + right,
        _ => null,
    };

    [GeneratedRegex(@"(?<![A-Za-z0-9])'[^']*'(?![A-Za-z])")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"(?<![\w/\\-])[A-Za-z][A-Za-z0-9]+")]
    private static partial Regex Word();
}
