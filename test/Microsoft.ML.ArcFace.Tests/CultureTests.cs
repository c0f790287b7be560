using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.ML.ArcFace.Postgres;
using Microsoft.ML.ArcFace.Tests.Reporting;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Tests.Tool;

namespace Microsoft.ML.ArcFace.Tests;

/// <summary>Numbers are written in one culture, the invariant one, whatever the culture of the thread.</summary>
[TestClass]
public partial class CultureTests
{
    /// <summary>Every public type that says in words of its own what it holds.</summary>
    private static readonly Type[] Types =
    [
        .. Libraries.Assemblies.SelectMany(assembly => assembly.GetExportedTypes())
            .Where(type => !type.IsAbstract && !type.IsEnum && !type.IsAssignableTo(typeof(Exception)) && ToStringOf(type).DeclaringType!.Assembly.GetName().Name!.StartsWith("Microsoft.ML.ArcFace", StringComparison.Ordinal)),
    ];

    [TestMethod]
    public void ToString_EveryPublicType_WritesTheSameNumbersInEveryCulture()
    {
        var answers = new Dictionary<Type, object>
        {
            [typeof(ErrorRate)] = new ErrorRate(12, 1234, 10),
            [typeof(VerificationVerdict)] = new VerificationVerdict(0.001, 0.85, 1234, 123_456),
            [typeof(FacePreprocessingSearch)] = new FacePreprocessingSearch([new(FacePixels.ImageNet, 0.9975, 0.99, 0.9999, true)], new(FacePixels.ImageNet, 0.9975, 0.99, 0.9999, true), "the only choice", new string('0', 64), 1234, 12_345, 1234, 123_456),
            [typeof(FaceTrial)] = new FaceTrial(3, 0, 9, new Dictionary<string, object?> { ["Margin"] = 0.3125, ["Epochs"] = -3 }, new ArcFaceTrainer.Options()),
        };
        foreach (object[] answer in SerializationTests.Answers())
        {
            answers[answer[1].GetType()] = answer[1];
        }

        Assert.IsGreaterThan(40, Types.Length);
        var untold = new List<string>();
        int withNumbers = 0;
        foreach (Type type in Types)
        {
            object value = answers.GetValueOrDefault(type) ?? WithNumbers(type);
            string expected;
            try
            {
                expected = OddCulture.Run(CultureInfo.InvariantCulture, () => value.ToString()!);
            }
            catch (Exception error) when (error is NullReferenceException or ArgumentException or InvalidOperationException)
            {
                untold.Add(type.Name);
                continue;
            }

            withNumbers += expected.Contains('.', StringComparison.Ordinal) ? 1 : 0;
            foreach (CultureInfo culture in OddCulture.All)
            {
                Assert.AreEqual(expected, OddCulture.Run(culture, () => value.ToString()), type.Name);
            }
        }

        Assert.IsEmpty(untold, $"Give {nameof(SerializationTests)} an object of each: {string.Join(", ", untold)}");
        Assert.IsGreaterThan(25, withNumbers, "Most have a number with a point in it.");
    }

    [TestMethod]
    public void ToString_RecordsWithNumbers_AreNotLeftToTheCompiler()
    {
        string[] left =
        [
            .. Types.Where(type => HasNumbers(type) && ToStringOf(type).GetCustomAttribute<CompilerGeneratedAttribute>() is not null).Select(type => type.FullName!),
        ];
        Assert.IsEmpty(left, $"What the compiler writes follows the culture of the thread; use InvariantText.OfRecord: {string.Join(", ", left)}");
    }

    [TestMethod]
    public void WriteReport_AnyCulture_IsTheSamePage()
    {
        using var folder = new TemporaryFolder();
        string expected = Page(folder, CultureInfo.InvariantCulture);
        StringAssert.Contains(expected, "0.");
        foreach (CultureInfo culture in OddCulture.All)
        {
            Assert.AreEqual(expected, Page(folder, culture));
        }
    }

    [TestMethod]
    public void Tool_NumbersInOptionsAndAnswers_AreInvariant()
    {
        foreach (CultureInfo culture in OddCulture.All)
        {
            ToolOutcome wrong = OddCulture.Run(culture, () => ToolProgram.Run("train", "--data", Path.GetTempPath(), "--learning-rate", "-0.5"));
            Assert.AreEqual(2, wrong.ExitCode);
            StringAssert.Contains(wrong.Error, "-0.5");
            Assert.AreEqual(culture, OddCulture.Run(culture, () =>
            {
                _ = ToolProgram.Run("doctor");
                return CultureInfo.CurrentCulture;
            }), "The caller's culture stays.");
            string memory = OddCulture.Run(culture, () => ToolProgram.Run("doctor")).Output;
            StringAssert.Matches(memory, new Regex(@"\d\.\d GB"));
        }
    }

    private static string Page(TemporaryFolder folder, CultureInfo culture) => OddCulture.Run(culture, () =>
    {
        string path = Path.Combine(folder.FullName, "report.html");
        ReportedPairs.Ml.FaceRecognition().WriteReport(path, ReportedPairs.View(), ReportedPairs.Pairs, new FaceReportOptions { ImageColumnName = null });
        return Time().Replace(File.ReadAllText(path, Encoding.UTF8), "");
    });

    [GeneratedRegex(@"\d{4}-\d\d-\d\d \d\d:\d\d UTC")]
    private static partial Regex Time();

    private static MethodInfo ToStringOf(Type type) => type.GetMethod(nameof(ToString), Type.EmptyTypes)!;

    private static bool HasNumbers(Type type) => type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .Any(property => (Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType) is var held && (held == typeof(double) || held == typeof(float) || held == typeof(DateTimeOffset) || held == typeof(DateTime)));

    /// <summary>An object whose numbers all are −1234.5, made without its constructor.</summary>
    private static object WithNumbers(Type type)
    {
        object value = RuntimeHelpers.GetUninitializedObject(type);
        for (Type? declaring = type; declaring is not null; declaring = declaring.BaseType)
        {
            foreach (FieldInfo field in declaring.GetFields(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.DeclaredOnly))
            {
                Type held = Nullable.GetUnderlyingType(field.FieldType) ?? field.FieldType;
                if (held == typeof(double))
                {
                    field.SetValue(value, -1234.5);
                }
                else if (held == typeof(float))
                {
                    field.SetValue(value, -1234.5f);
                }
                else if (held == typeof(DateTimeOffset))
                {
                    field.SetValue(value, DateTimeOffset.UnixEpoch);
                }
            }
        }

        return value;
    }
}
