package api

import (
	"golang.org/x/text/language"
)

// wishTexts are what the page of recipients says, in one language.
type wishTexts struct {
	Unsubscribe, Unsubscribed           string // the question and its button; what was done
	SubscribeAgain, Subscribed          string
	Choose, Save, Saved, UnsubscribeAll string
	From, Topic, Address, AllTopics     string
	Note                                string // what still comes
	Blocked                             string // nobody is subscribed here who is blocked for another reason
	TryAgain, NotDone                   string
	Expired, UseNewer                   string
	Broken, CopyAll                     string
	Close                               string
	tag                                 language.Tag
	direction                           string
}

// wishLanguages are the languages of the page. The first one stands in for all others.
var wishLanguages = []wishTexts{
	{
		tag: language.English, Unsubscribe: "Unsubscribe", Unsubscribed: "You are unsubscribed", SubscribeAgain: "Subscribe again", Subscribed: "You are subscribed again",
		Choose: "Choose what you get", Save: "Save", Saved: "Your choice is saved", UnsubscribeAll: "Unsubscribe from all",
		From: "From", Topic: "Topic", Address: "Address", AllTopics: "All messages",
		Note:     "Messages that you ask for yourself, such as a receipt or a new password, still come.",
		Blocked:  "This address can’t be subscribed here. Please write to the sender.",
		TryAgain: "Please try again", NotDone: "Nothing was changed: something is out of order here. Please try again in a minute.",
		Expired: "This link has expired", UseNewer: "Please use the link in a newer message.",
		Broken: "This link is not whole", CopyAll: "Please copy all of it from the message, or follow it there.", Close: "You can close this page.",
	},
	{
		tag: language.German, Unsubscribe: "Abbestellen", Unsubscribed: "Sie sind abgemeldet", SubscribeAgain: "Wieder anmelden", Subscribed: "Sie sind wieder angemeldet",
		Choose: "Auswählen, was Sie bekommen", Save: "Speichern", Saved: "Ihre Auswahl ist gespeichert", UnsubscribeAll: "Alles abbestellen",
		From: "Von", Topic: "Thema", Address: "Adresse", AllTopics: "Alle Nachrichten",
		Note:     "Nachrichten, die Sie selbst anfordern, etwa eine Quittung oder ein neues Passwort, kommen weiterhin.",
		Blocked:  "Diese Adresse lässt sich hier nicht anmelden. Bitte schreiben Sie dem Absender.",
		TryAgain: "Bitte noch einmal versuchen", NotDone: "Es wurde nichts geändert: Hier ist etwas gestört. Bitte versuchen Sie es in einer Minute noch einmal.",
		Expired: "Dieser Link ist abgelaufen", UseNewer: "Bitte benutzen Sie den Link in einer neueren Nachricht.",
		Broken: "Dieser Link ist nicht vollständig", CopyAll: "Bitte kopieren Sie ihn ganz aus der Nachricht, oder folgen Sie ihm dort.", Close: "Sie können diese Seite schließen.",
	},
	{
		tag: language.French, Unsubscribe: "Se désabonner", Unsubscribed: "Vous êtes désabonné(e)", SubscribeAgain: "Se réabonner", Subscribed: "Vous êtes de nouveau abonné(e)",
		Choose: "Choisir ce que vous recevez", Save: "Enregistrer", Saved: "Votre choix est enregistré", UnsubscribeAll: "Se désabonner de tout",
		From: "De", Topic: "Sujet", Address: "Adresse", AllTopics: "Tous les messages",
		Note:     "Les messages que vous demandez vous-même, comme un reçu ou un nouveau mot de passe, arrivent toujours.",
		Blocked:  "Cette adresse ne peut pas être abonnée ici. Veuillez écrire à l’expéditeur.",
		TryAgain: "Veuillez réessayer", NotDone: "Rien n’a été modifié : un service est en panne. Veuillez réessayer dans une minute.",
		Expired: "Ce lien a expiré", UseNewer: "Veuillez utiliser le lien d’un message plus récent.",
		Broken: "Ce lien est incomplet", CopyAll: "Veuillez le copier en entier depuis le message, ou le suivre là.", Close: "Vous pouvez fermer cette page.",
	},
	{
		tag: language.Spanish, Unsubscribe: "Darse de baja", Unsubscribed: "Se ha dado de baja", SubscribeAgain: "Suscribirse de nuevo", Subscribed: "Está suscrito de nuevo",
		Choose: "Elegir lo que recibe", Save: "Guardar", Saved: "Su elección está guardada", UnsubscribeAll: "Darse de baja de todo",
		From: "De", Topic: "Tema", Address: "Dirección", AllTopics: "Todos los mensajes",
		Note:     "Los mensajes que usted mismo pide, como un recibo o una contraseña nueva, siguen llegando.",
		Blocked:  "Esta dirección no se puede suscribir aquí. Por favor, escriba al remitente.",
		TryAgain: "Inténtelo de nuevo", NotDone: "No se ha cambiado nada: algo no funciona aquí. Inténtelo de nuevo en un minuto.",
		Expired: "Este enlace ha caducado", UseNewer: "Use el enlace de un mensaje más reciente.",
		Broken: "Este enlace no está completo", CopyAll: "Cópielo entero del mensaje, o ábralo desde allí.", Close: "Puede cerrar esta página.",
	},
	{
		tag: language.Portuguese, Unsubscribe: "Cancelar inscrição", Unsubscribed: "A sua inscrição foi cancelada", SubscribeAgain: "Inscrever-se de novo", Subscribed: "Está inscrito de novo",
		Choose: "Escolher o que recebe", Save: "Guardar", Saved: "A sua escolha está guardada", UnsubscribeAll: "Cancelar todas as inscrições",
		From: "De", Topic: "Assunto", Address: "Endereço", AllTopics: "Todas as mensagens",
		Note:     "As mensagens que você mesmo pede, como um recibo ou uma nova senha, continuam a chegar.",
		Blocked:  "Este endereço não pode ser inscrito aqui. Escreva ao remetente, por favor.",
		TryAgain: "Tente de novo, por favor", NotDone: "Nada foi alterado: algo não funciona aqui. Tente de novo dentro de um minuto.",
		Expired: "Este link expirou", UseNewer: "Use o link de uma mensagem mais recente, por favor.",
		Broken: "Este link não está completo", CopyAll: "Copie-o inteiro da mensagem, ou abra-o lá.", Close: "Pode fechar esta página.",
	},
	{
		tag: language.Italian, Unsubscribe: "Annulla l’iscrizione", Unsubscribed: "La tua iscrizione è annullata", SubscribeAgain: "Iscriviti di nuovo", Subscribed: "La tua iscrizione è di nuovo attiva",
		Choose: "Scegli che cosa ricevere", Save: "Salva", Saved: "La tua scelta è salvata", UnsubscribeAll: "Annulla tutte le iscrizioni",
		From: "Da", Topic: "Argomento", Address: "Indirizzo", AllTopics: "Tutti i messaggi",
		Note:     "I messaggi che chiedi tu, come una ricevuta o una nuova password, continuano ad arrivare.",
		Blocked:  "Questo indirizzo non può essere iscritto qui. Scrivi al mittente.",
		TryAgain: "Riprova", NotDone: "Non è cambiato nulla: qualcosa qui non funziona. Riprova tra un minuto.",
		Expired: "Questo link è scaduto", UseNewer: "Usa il link di un messaggio più recente.",
		Broken: "Questo link non è completo", CopyAll: "Copialo per intero dal messaggio, o aprilo da lì.", Close: "Puoi chiudere questa pagina.",
	},
	{
		tag: language.Dutch, Unsubscribe: "Afmelden", Unsubscribed: "U bent afgemeld", SubscribeAgain: "Weer aanmelden", Subscribed: "U bent weer aangemeld",
		Choose: "Kiezen wat u krijgt", Save: "Opslaan", Saved: "Uw keuze is opgeslagen", UnsubscribeAll: "Voor alles afmelden",
		From: "Van", Topic: "Onderwerp", Address: "Adres", AllTopics: "Alle berichten",
		Note:     "Berichten waar u zelf om vraagt, zoals een bon of een nieuw wachtwoord, blijven komen.",
		Blocked:  "Dit adres kan hier niet worden aangemeld. Schrijf aan de afzender.",
		TryAgain: "Probeer het opnieuw", NotDone: "Er is niets veranderd: er is hier een storing. Probeer het over een minuut opnieuw.",
		Expired: "Deze link is verlopen", UseNewer: "Gebruik de link in een nieuwer bericht.",
		Broken: "Deze link is niet volledig", CopyAll: "Kopieer hem helemaal uit het bericht, of open hem daar.", Close: "U kunt deze pagina sluiten.",
	},
	{
		tag: language.Japanese, Unsubscribe: "配信を停止する", Unsubscribed: "配信を停止しました", SubscribeAgain: "配信を再開する", Subscribed: "配信を再開しました",
		Choose: "受け取るメールを選ぶ", Save: "保存する", Saved: "選択を保存しました", UnsubscribeAll: "すべての配信を停止する",
		From: "送信者", Topic: "種類", Address: "アドレス", AllTopics: "すべてのメール",
		Note:     "領収書や新しいパスワードなど、ご自身の操作によるメールは今後も届きます。",
		Blocked:  "このアドレスはここでは登録できません。送信者にお問い合わせください。",
		TryAgain: "もう一度お試しください", NotDone: "何も変更されていません。ただいま不具合が発生しています。1分ほどしてからもう一度お試しください。",
		Expired: "このリンクは期限切れです", UseNewer: "より新しいメールのリンクをご利用ください。",
		Broken: "このリンクは完全ではありません", CopyAll: "メールからリンク全体をコピーするか、メールの中で開いてください。", Close: "このページを閉じてかまいません。",
	},
	{
		tag: language.Arabic, direction: "rtl", Unsubscribe: "إلغاء الاشتراك", Unsubscribed: "تم إلغاء اشتراكك", SubscribeAgain: "الاشتراك من جديد", Subscribed: "تم تجديد اشتراكك",
		Choose: "اختر ما يصلك", Save: "حفظ", Saved: "تم حفظ اختيارك", UnsubscribeAll: "إلغاء كل الاشتراكات",
		From: "من", Topic: "الموضوع", Address: "العنوان", AllTopics: "كل الرسائل",
		Note:     "الرسائل التي تطلبها بنفسك، مثل إيصال أو كلمة مرور جديدة، تستمر في الوصول.",
		Blocked:  "لا يمكن الاشتراك بهذا العنوان هنا. يُرجى مراسلة المُرسِل.",
		TryAgain: "يُرجى المحاولة مرة أخرى", NotDone: "لم يتغير شيء: هناك عطل مؤقت. يُرجى المحاولة بعد دقيقة.",
		Expired: "انتهت صلاحية هذا الرابط", UseNewer: "يُرجى استخدام الرابط في رسالة أحدث.",
		Broken: "هذا الرابط غير مكتمل", CopyAll: "يُرجى نسخه كاملاً من الرسالة أو فتحه منها.", Close: "يمكنك إغلاق هذه الصفحة.",
	},
}

var wishMatcher = func() language.Matcher {
	tags := make([]language.Tag, len(wishLanguages))
	for i, t := range wishLanguages {
		tags[i] = t.tag
	}
	return language.NewMatcher(tags)
}()

// wishTextsFor are the texts in the language of a message, or else in one that a browser accepts (RFC 9110, Accept-Language).
func wishTextsFor(locale, accepted string) wishTexts {
	_, i := language.MatchStrings(wishMatcher, locale, accepted)
	t := wishLanguages[i]
	if t.direction == "" {
		t.direction = "ltr"
	}
	return t
}
